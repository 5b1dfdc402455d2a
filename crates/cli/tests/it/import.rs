use std::io::Write;

use crate::kinlink::{on_both, patient};

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_repeated_without_change_and_newer_versions_win() {
    on_both(async |it| {
        let lines: String = (0..250).map(|n| patient(&format!("p{n}"), 2)).collect();
        assert!(it.import(&lines).expect(0).out.contains("250 created"));
        assert!(it.import(&lines).expect(0).out.contains("250 unchanged"));
        assert!(it.import(&patient("p1", 3)).expect(0).out.contains("1 updated"));
        assert!(it.import(&patient("p1", 2)).expect(0).out.contains("1 older"));
        assert!(it.run(&["organization", "list", "--json"]).expect(0).out.contains("\"patients\": 250"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_line_is_noted_with_its_number_and_the_rest_goes_in() {
    on_both(async |it| {
        let lines = format!(
            "{}\n{{\"resourceType\":\"Patient\",\"id\":\"x\",\"birthDate\":\"SECRET\"}}\nnot json\n{}",
            patient("p1", 1),
            patient("p2", 1)
        );
        let said = it.import(&lines).expect(0).out;
        assert!(said.contains("2 created") && said.contains("2 rejected"), "{said}");
        let rejects =
            std::fs::read_to_string(it.folder.path().join("patients.ndjson.rejects.ndjson")).unwrap();
        assert!(rejects.contains("\"line\":3") && rejects.contains("Patient.birthDate"), "{rejects}");
        assert!(rejects.contains("\"line\":4") && !rejects.contains("SECRET"), "{rejects}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gzip_is_recognised_and_a_damaged_end_loses_only_itself() {
    on_both(async |it| {
        let lines: String = (0..3_000).map(|n| patient(&format!("p{n}"), 1)).collect();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(lines.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        let file = it.folder.path().join("patients.ndjson.gz");
        let import =
            || it.run(&["import", "patients.ndjson.gz", "--organization", "northside", "--batch", "100"]);
        std::fs::write(&file, &packed[..packed.len() / 2]).unwrap();
        assert!(import().expect(1).err.contains("cannot be read"));
        std::fs::write(&file, &packed).unwrap();
        let said = import().expect(0).out;
        assert!(
            said.contains("unchanged") && !said.contains("3000 created"),
            "what was whole went in: {said}"
        );
        assert!(it.run(&["organization", "list", "--json"]).expect(0).out.contains("\"patients\": 3000"));
    })
    .await;
}
