//! Where measurements speak.

#[expect(clippy::print_stdout, reason = "this is where the measurement speaks")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "progress of long work")]
pub(crate) fn remark(text: &str) {
    eprintln!("{text}");
}
