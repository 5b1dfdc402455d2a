use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::service::pick::{self, Kin, Offered, PickError, Whose};

use super::{Secret, closed, find, frame, returning, token};
use crate::{
    pages::{
        cookie::Jar,
        frame::{Frame, show_leading_away},
        refusal::Refusal,
    },
    problem::{Problem, ProblemType},
    state::State,
};

#[derive(Template)]
#[template(path = "picker/ask.html")]
struct PickerPage<'a> {
    frame: Frame,
    organization: &'a str,
    choices: Vec<Choice>,
}

struct Choice {
    link: String,
    name: String,
    /// What they are to the person, or which of two that are called alike.
    remark: String,
}

/// `/picker/<token>`: whose record?
pub(in crate::pages) async fn ask(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Refusal> {
    let Some(token) = token(&request, &state) else { return closed(PickError::NotAccepted) };
    let links = state.links.of(token.account).await?;
    let mut unit = state.store.begin().await?;
    let picker = match find(&mut *unit, token).await {
        Ok(picker) => picker,
        Err(error) => return closed(error),
    };
    if let Err(error) = returning(&request, &picker) {
        return closed(error);
    }
    let secret = Jar::Picker.open::<Secret>(&request, &state).unwrap_or_else(|| new_secret(&state));
    let (picker, offered) = match pick::look(&mut *unit, &state.ports, picker, &secret, &links).await {
        Ok(looked) => looked,
        Err(error) => return closed(error),
    };
    let organization = unit.organization(picker.organization).await?;
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    unit.save().await?;
    let page = PickerPage { frame: frame(), organization: &organization.name, choices: choices(&offered) };
    let mut response = show_leading_away(StatusCode::OK, &page);
    let cookie = Jar::Picker.fill(&state, &secret).ok_or_else(|| Problem::new(ProblemType::Internal))?;
    response.add_cookie(&cookie).map_err(|_| Problem::new(ProblemType::Internal))?;
    Ok(response)
}

fn new_secret(state: &State) -> Secret {
    let mut secret = [0; 32];
    state.ports.random.fill(&mut secret);
    secret
}

/// Two that would read alike are numbered, so that they can be told apart without a word more about anybody.
fn choices(offered: &[Offered]) -> Vec<Choice> {
    let mut times = HashMap::new();
    for offered in offered {
        *times.entry(&offered.whose).or_insert(0_u32) += 1;
    }
    let mut seen = HashMap::new();
    let mut choices = Vec::new();
    for offered in offered {
        let number = seen.entry(&offered.whose).or_insert(0_u32);
        *number += 1;
        let (name, mut remark) = words(&offered.whose);
        if times.get(&offered.whose).is_some_and(|times| *times > 1) {
            remark = format!("{remark}{}record {number}", if remark.is_empty() { "" } else { ", " });
        }
        choices.push(Choice { link: offered.link.to_string(), name, remark });
    }
    choices
}

fn words(whose: &Whose) -> (String, String) {
    match whose {
        Whose::Own => ("You".to_owned(), String::new()),
        Whose::Somebody { given_name, are } => {
            let are = match are {
                Kin::Child => "your child",
                Kin::Parent => "your parent",
                Kin::Partner => "your partner",
                Kin::Other => "whom you act for",
            };
            match given_name {
                Some(name) => (name.clone(), are.to_owned()),
                None => ("Somebody without a name on record".to_owned(), are.to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kinlink_domain::id::Id;

    use super::*;

    fn page(whose: &[Whose]) -> String {
        let offered: Vec<_> = (1..)
            .zip(whose)
            .map(|(n, whose)| Offered { link: Id::from_uuid(uuid::Uuid::from_u128(n)), whose: whose.clone() })
            .collect();
        let page =
            PickerPage { frame: frame(), organization: "St. Mary & <Sons>", choices: choices(&offered) };
        let page = page.render().unwrap();
        let main = page.split_once("<main").unwrap().1;
        main.split_once("</main>").unwrap().0.to_owned()
    }

    fn child(name: &str) -> Whose {
        Whose::Somebody { given_name: Some(name.to_owned()), are: Kin::Child }
    }

    #[test]
    fn everybody_is_called_as_the_person_knows_them_and_nothing_more_is_said() {
        let other = Whose::Somebody { given_name: None, are: Kin::Other };
        let page = page(&[Whose::Own, child("<Mina>"), other]);
        assert!(!page.contains("<script") && !page.contains(" style="));
        insta::assert_snapshot!(page);
    }

    #[test]
    fn two_of_one_name_are_told_apart_by_a_number() {
        let page = page(&[child("Mina"), child("Mina"), child("Ben")]);
        assert!(page.contains("your child, record 1") && page.contains("your child, record 2"));
        assert!(page.contains(">your child<"), "Ben needs no number: {page}");
    }

    #[test]
    fn without_a_record_there_is_only_the_way_back() {
        let page = page(&[]);
        assert_eq!(page.matches("<button").count(), 1);
        assert!(page.contains("no record"));
    }
}
