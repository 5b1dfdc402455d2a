use std::io::Cursor;

use base64::{Engine, engine::general_purpose::STANDARD};
use image::{ImageFormat, Luma};
use qrcode::{QrCode, render::svg};

use crate::problem::{Problem, ProblemType};

/// The least width of the pictures, in pixels: what a telephone reads from a screen at arm's length.
const WIDTH: u32 = 240;

/// One QR code as SVG, and as PNG in base 64.
pub(super) struct Pictures {
    pub(super) svg: String,
    pub(super) png: String,
}

/// Draws `text`, with the white border that readers need.
pub(super) fn draw(text: &str) -> Result<Pictures, Problem> {
    let code = QrCode::new(text).map_err(|_| {
        tracing::error!("an otpauth URI is too long for a QR code");
        Problem::new(ProblemType::Internal)
    })?;
    let svg = code.render::<svg::Color<'_>>().min_dimensions(WIDTH, WIDTH).build();
    let pixels = code.render::<Luma<u8>>().min_dimensions(WIDTH, WIDTH).build();
    let mut png = Cursor::new(Vec::new());
    pixels.write_to(&mut png, ImageFormat::Png).map_err(|_| Problem::new(ProblemType::Internal))?;
    Ok(Pictures { svg, png: STANDARD.encode(png.into_inner()) })
}

#[cfg(test)]
mod tests {
    use qrcode::Color;

    use super::*;

    #[test]
    fn both_pictures_show_the_code_with_its_border() {
        let text = "otpauth://totp/Northside:anna?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Northside";
        let pictures = draw(text).unwrap();
        let png = STANDARD.decode(pictures.png).unwrap();
        let pixels = image::load_from_memory_with_format(&png, ImageFormat::Png).unwrap().into_luma8();
        let code = QrCode::new(text).unwrap();
        let side = u32::try_from(code.width()).unwrap();
        let modules = side + 8;
        let (width, height) = pixels.dimensions();
        assert!(width >= WIDTH && width == height && width % modules == 0);
        let scale = width / modules;
        let seen = (0..side * side).map(|at| {
            let (x, y) = (at % side, at / side);
            pixels.get_pixel((x + 4) * scale, (y + 4) * scale).0 == [0]
        });
        let drawn: Vec<bool> = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        assert!(seen.eq(drawn.iter().copied()));
        assert!(
            (0..width).all(|at| pixels.get_pixel(at, 0).0 == [255] && pixels.get_pixel(0, at).0 == [255])
        );
        assert!(pictures.svg.contains("<svg") && pictures.svg.contains("#000"));
    }
}
