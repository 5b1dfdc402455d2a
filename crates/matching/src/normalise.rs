//! One way of writing for what people write in many: what is compared, not what is shown.

pub(crate) mod address;
pub(crate) mod birth;
pub(crate) mod contact;
pub(crate) mod name;
pub(crate) mod nickname;
pub(crate) mod placeholder;
pub(crate) mod text;
