use kinlink_evaluate::*;
use kinlink_matching::*;
use std::{path::Path, time::Instant};
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let began = Instant::now();
    let map = ColumnMap::from_toml(&std::fs::read_to_string(&args[0]).unwrap()).unwrap();
    let files: Vec<&Path> = args[1..].iter().filter(|a| !a.starts_with("--")).map(Path::new).collect();
    let labelled = read(&files, &map, true).unwrap();
    eprintln!("read {:?}", began.elapsed());
    let c = candidates(&labelled.people, labelled.first, 1000);
    eprintln!(
        "blocks {:?} {} pairs, read {:?} capped {:?}",
        began.elapsed(),
        c.pairs.len(),
        c.read,
        c.capped
    );
    let n = labelled.first.map_or(labelled.people.len(), |f| labelled.people.len() - f);
    let mut model = Model::shipped().for_index(n as f64);
    if !args.iter().any(|a| a == "--shipped") {
        let set = TrainingSet { records: &labelled.people, first: labelled.first, candidates: &c.pairs };
        let t = train(set, &Model::shipped(), &TrainingOptions::default(), |_| ());
        eprintln!(
            "train {:?} passes {} matching {:.0} prior {:?}",
            began.elapsed(),
            t.passes,
            t.matching_pairs,
            t.model.prior()
        );
        for w in &t.warnings {
            eprintln!("  {w}");
        }
        model = t.model;
    }
    if args.iter().any(|a| a == "--dump") {
        for l in model.to_toml().lines() {
            if l.starts_with("\"") {
                continue;
            };
            println!("{l}");
        }
    }
    let w = score(&model, &labelled.people, &c.pairs, &Silent);
    let truth = c.pairs.iter().map(|p| labelled.is_true(*p));
    let curve = Curve::new(w.iter().copied().zip(truth), labelled.true_pairs());
    let r = Report::new(&labelled, &c, &curve);
    println!(
        "{} true {} cand {} PC {:.5} best {:.2}: P {:.5} R {:.5} F1 {:.5} | R@.99 {:.5} R@.999 {:.5} | {:.2}s {:.0}MB",
        r.records,
        r.true_pairs,
        r.candidate_pairs,
        r.pair_completeness,
        r.best.threshold,
        r.best.precision,
        r.best.recall,
        r.best.f1,
        r.recall_at_precision_0_99,
        r.recall_at_precision_0_999,
        began.elapsed().as_secs_f64(),
        peak_memory_mb().unwrap()
    );
    if args.iter().any(|a| a == "--errors") {
        for l in false_links(&labelled, &c, &w, &model, r.best.threshold - 3.0, 14) {
            println!(
                "{} {} {:.1}: {}",
                labelled.ids[l.pair.0 as usize],
                labelled.ids[l.pair.1 as usize],
                l.weight,
                l.agreements
                    .iter()
                    .map(|a| format!("{}={} {:.1}", a.field.as_str(), a.level, a.weight))
                    .collect::<Vec<_>>()
                    .join(", ")
            );
        }
        let mut missed: Vec<_> = c
            .pairs
            .iter()
            .zip(&w)
            .filter(|(p, w)| labelled.is_true(**p) && f64::from(**w) < r.best.threshold + 9.0)
            .collect();
        missed.sort_by(|a, b| a.1.total_cmp(b.1));
        println!("missed {}", missed.len());
        for (p, w) in missed.iter().rev().take(25) {
            let k = model.compare(&labelled.people[p.0 as usize], &labelled.people[p.1 as usize]);
            println!(
                "{} {} {:.1}: {}",
                labelled.ids[p.0 as usize],
                labelled.ids[p.1 as usize],
                w,
                k.agreements
                    .iter()
                    .map(|a| format!("{}={} {:.1}", a.field.as_str(), a.level, a.weight))
                    .collect::<Vec<_>>()
                    .join(", ")
            );
        }
    }
}
