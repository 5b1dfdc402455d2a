//! The curve as a picture.

use std::fmt::Write;

use crate::Curve;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 480.0;
const MARGIN: f64 = 60.0;

/// Precision over recall, as SVG. The axes begin where the curve does, in steps of a tenth.
pub fn svg(curve: &Curve, title: &str) -> String {
    let all: Vec<(f64, f64)> =
        curve.points().iter().map(|point| (curve.recall(*point), curve.precision(*point))).collect();
    let lowest = |of: fn(&(f64, f64)) -> f64, from: &[(f64, f64)]| {
        let least = from.iter().map(of).fold(1.0, f64::min);
        (least * 10.0).floor().min(9.0) / 10.0
    };
    // Below half precision a threshold is of no use to anybody.
    let shown: Vec<_> = all.into_iter().filter(|(_, precision)| *precision >= 0.5).collect();
    let bottom = lowest(|(_, precision)| *precision, &shown);
    let left = 0.0;
    let x = |recall: f64| MARGIN + (recall - left) / (1.0 - left) * (WIDTH - 2.0 * MARGIN);
    let y =
        |precision: f64| HEIGHT - MARGIN - (precision - bottom) / (1.0 - bottom) * (HEIGHT - 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\" role=\"img\"><title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        escape(title)
    );
    for step in 0..=5 {
        let share = f64::from(step) / 5.0;
        let (recall, precision) = (left + share * (1.0 - left), bottom + share * (1.0 - bottom));
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {top}V{base}M{MARGIN} {y:.1}H{right}\" stroke=\"#ddd\"/>\
             <text x=\"{x:.1}\" y=\"{below}\" text-anchor=\"middle\">{recall:.2}</text>\
             <text x=\"{beside}\" y=\"{y:.1}\" text-anchor=\"end\">{precision:.3}</text>",
            x = x(recall),
            y = y(precision),
            top = MARGIN,
            base = HEIGHT - MARGIN,
            right = WIDTH - MARGIN,
            below = HEIGHT - MARGIN + 18.0,
            beside = MARGIN - 6.0,
        );
    }
    let line: Vec<String> = thinned(&shown)
        .iter()
        .map(|(recall, precision)| format!("{:.2},{:.2}", x(*recall), y(*precision)))
        .collect();
    let best = curve.best();
    let _ = write!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#0b5cad\" stroke-width=\"2\"/>\n\
         <circle cx=\"{:.2}\" cy=\"{:.2}\" r=\"4\" fill=\"#b3261e\"/>\n\
         <text x=\"{}\" y=\"24\" text-anchor=\"middle\" font-size=\"15\">{}</text>\n\
         <text x=\"{}\" y=\"42\" text-anchor=\"middle\">best F1 {:.4} at {:.1} bits: precision {:.4}, recall {:.4}</text>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">recall</text>\n\
         <text transform=\"translate(16 {}) rotate(-90)\" text-anchor=\"middle\">precision</text>\n</svg>\n",
        line.join(" "),
        x(best.recall),
        y(best.precision.max(bottom)),
        WIDTH / 2.0,
        escape(title),
        WIDTH / 2.0,
        best.f1,
        best.threshold,
        best.precision,
        best.recall,
        WIDTH / 2.0,
        HEIGHT - 16.0,
        HEIGHT / 2.0,
    );
    svg
}

/// A picture needs no more points than it has dots.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for point in points {
        let far = |last: &(f64, f64)| (last.0 - point.0).abs() > 0.001 || (last.1 - point.1).abs() > 0.001;
        if kept.last().is_none_or(far) {
            kept.push(*point);
        }
    }
    kept.extend(points.last());
    kept
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_small_and_says_what_it_shows() {
        let pairs = (0_u16..20_000).map(|n| (f32::from(n), n > 10_000));
        let picture = svg(&Curve::new(pairs, 10_000), "A & B");
        assert!(picture.contains("A &amp; B") && picture.contains("best F1"));
        assert!(picture.len() < 60_000, "{}", picture.len());
    }
}
