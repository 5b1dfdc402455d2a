use super::{
    Assurance, ProofingPolicy, assess,
    rules::{Need, Proven, RULES, Rule},
};
use crate::evidence::Fact;

/// Why facts are worth what they are worth.
#[derive(Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What they are worth.
    pub assurance: Assurance,
    /// The rules that gave it: those that give as much in one respect or the other.
    pub because: Vec<&'static Rule>,
    /// What would raise it, what is nearest first.
    pub raises: Vec<Raise>,
}

/// Something that would raise assurance.
#[derive(Debug, PartialEq, Eq)]
pub struct Raise {
    /// To what.
    pub to: Assurance,
    /// What is missing.
    pub missing: Vec<Need>,
}

/// Why `facts` are worth what [`assess`] says, and what would raise it.
pub fn explain(facts: &[Fact], policy: &ProofingPolicy) -> Explanation {
    let proven = Proven::by(facts, policy);
    let assurance = assess(facts, policy);
    let met = RULES.iter().filter(|rule| rule.is_met(&proven, policy));
    let decisive = |rule: &&Rule| {
        let ial = rule.gives.ial == assurance.ial && rule.gives.ial > Assurance::LEAST.ial;
        let level = rule.gives.level == assurance.level && rule.gives.level > Assurance::LEAST.level;
        ial || level
    };
    let because = met.filter(decisive).collect();
    let unmet: Vec<Raise> = RULES
        .iter()
        .map(|rule| {
            let missing = rule.needs.iter().filter(|need| !need.is_met(&proven, policy));
            Raise { to: rule.gives, missing: missing.copied().collect() }
        })
        .collect();
    let asks_for_all_of =
        |more: &Raise, less: &Raise| less.missing.iter().all(|need| more.missing.contains(need));
    // Whoever brings what one rule misses may meet others with it.
    let to = |raise: &Raise| {
        let met = unmet.iter().filter(|other| asks_for_all_of(raise, other));
        met.fold(assurance, |best, other| best.or(other.to))
    };
    let mut raises: Vec<Raise> = unmet
        .iter()
        .map(|raise| Raise { to: to(raise), missing: raise.missing.clone() })
        .filter(|raise| raise.to != assurance)
        .collect();
    raises.sort_by_key(|raise| raise.missing.len());
    let mut nearest: Vec<Raise> = Vec::new();
    for raise in raises {
        // One that asks for all that another asks for, and gives no more, teaches nothing.
        let taught = nearest.iter().any(|known| known.to.covers(raise.to) && asks_for_all_of(&raise, known));
        if !taught {
            nearest.push(raise);
        }
    }
    Explanation { assurance, because, raises: nearest }
}
