//! Several records: the person picks one.

use chrono::TimeDelta;
use serde_json::json;

use super::stage::Stage;

/// Anna has a record of her own and acts for two others; she stands before the picker.
pub(super) async fn at_the_picker(stage: &Stage) {
    stage.own("anna", "p1").await;
    stage.acts_for("anna", "p2", "DAU", "patient/*.rs").await;
    stage.acts_for("anna", "p3", "MTH", "patient/*.rs").await;
    stage.launches("anna").await;
    stage.person.sees("Whose record do you want to open?").await;
}

launch! {
    async fn the_app_gets_the_record_that_was_picked(stage: Stage) {
        at_the_picker(stage).await;
        let page = stage.person.reads("main").await;
        for words in ["You", "your parent", "your child", "None of these"] {
            assert!(page.contains(words), "{words} is not in {page}");
        }
        assert!(!page.contains("Featherstonehaugh"), "{page}");
        stage.person.presses("your parent").await;
        let app = stage.person.app().await;
        assert_eq!(app["token"]["patient"], "p2");
        assert_eq!(app["token"]["need_patient_banner"], true);
        assert_eq!(app["observations"], json!(["Body weight of p2"]));
        let refreshed = stage.person.runs("return (await smart.refresh()).tokenResponse").await;
        assert_eq!(refreshed["patient"], "p2", "{refreshed}");
        let read = stage.person.runs("return smart.request('Observation?patient=p2')").await;
        assert_eq!(read["total"], 1, "the refreshed token opens the same record: {read}");
    }
}

launch! {
    async fn the_next_launch_asks_again_and_may_open_another_record(stage: Stage) {
        at_the_picker(stage).await;
        stage.person.presses("You").await;
        assert_eq!(stage.person.app().await["token"]["patient"], "p1");
        stage.person.opens_the_app().await;
        stage.person.presses("your child").await;
        assert_eq!(stage.person.app().await["token"]["patient"], "p3");
    }
}

launch! {
    async fn a_picker_is_answered_once_and_its_answer_used_once(stage: Stage) {
        at_the_picker(stage).await;
        let picker = stage.person.is_at().await;
        stage.person.presses("You").await;
        stage.person.app().await;
        stage.person.goes_to(&picker).await;
        stage.person.sees("This question is closed").await;
        stage.person.goes_back().await;
        assert_ne!(stage.person.is_at().await, picker);
    }
}

launch! {
    async fn a_picker_that_was_left_open_too_long_is_closed(stage: Stage) {
        at_the_picker(stage).await;
        stage.kinlink.pass(TimeDelta::minutes(6));
        stage.person.presses("You").await;
        stage.person.sees("This question is closed").await;
    }
}

launch! {
    async fn whoever_picks_none_goes_back_without_a_token(stage: Stage) {
        at_the_picker(stage).await;
        stage.person.presses("None of these").await;
        assert_eq!(stage.person.reads("#done:not([hidden])").await, "access_denied");
        stage.person.sees("The login did not succeed").await;
    }
}
