//! A link ends while its account is logged in.

launch! {
    async fn after_the_link_has_ended_the_refresh_is_refused(stage: Stage) {
        let link = stage.own("anna", "p1").await;
        stage.launches("anna").await;
        stage.person.app().await;
        let refreshed = stage.person.runs("return (await smart.refresh()).tokenResponse").await;
        assert_eq!(refreshed["patient"], "p1", "{refreshed}");
        stage.ends(link).await;
        let refused = stage.person.runs("return (await smart.refresh()).tokenResponse").await;
        assert!(refused["error"].as_str().is_some_and(|why| why.contains("invalid_grant")), "{refused}");
        stage.person.opens_the_app().await;
        let app = stage.person.app().await;
        assert_eq!(app["heading"], "Your login opens no patient record");
        assert!(app["token"].get("patient").is_none(), "{app}");
    }
}
