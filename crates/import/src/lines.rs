use std::io::{BufRead, BufReader, Read};

use kinlink_fhir::MAX_RESOURCE_BYTES;

/// Plain or gzip, as the first two bytes say (RFC 1952, 2.3.1). A file of several gzip members is read to
/// its end.
pub fn decompress(source: impl Read + Send + 'static) -> std::io::Result<Box<dyn BufRead + Send>> {
    let mut buffered = BufReader::with_capacity(256 * 1024, source);
    if buffered.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(BufReader::with_capacity(
            256 * 1024,
            flate2::bufread::MultiGzDecoder::new(buffered),
        )));
    }
    Ok(Box::new(buffered))
}

/// A line of the file.
pub(crate) enum Line {
    /// Its bytes, without the line's end.
    Whole(Vec<u8>),
    /// It was longer than any resource may be, and was passed over.
    TooLong,
}

/// Reads the next line; a line that is too long is read past without being kept.
pub(crate) fn next_line(source: &mut dyn BufRead) -> std::io::Result<Option<Line>> {
    let mut line = Vec::new();
    let limit = u64::try_from(MAX_RESOURCE_BYTES + 2).unwrap_or(u64::MAX);
    if source.take(limit).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') && line.len() > MAX_RESOURCE_BYTES {
        skip_line(source)?;
        return Ok(Some(Line::TooLong));
    }
    while line.last().is_some_and(u8::is_ascii_whitespace) {
        line.pop();
    }
    Ok(Some(Line::Whole(line)))
}

fn skip_line(source: &mut dyn BufRead) -> std::io::Result<()> {
    loop {
        let buffer = source.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        source.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}
