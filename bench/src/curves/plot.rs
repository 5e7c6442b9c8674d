//! Draws lines into an SVG file.

use std::error::Error;

use std::path::Path;

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::Curve;
use crate::workloads::figure;

/// The points of one engine.
pub(super) struct Line {
    name: &'static str,
    points: Vec<(f64, f64)>,
}

impl Line {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            points: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, x: u64, y: f64) {
        self.points.push((figure(x), y));
    }
}

const SIZE: (u32, u32) = (720, 420);
const COLOURS: [RGBColor; 2] = [RGBColor(0xd5, 0x5e, 0x00), RGBColor(0x00, 0x72, 0xb2)];

pub(super) fn draw<C: Curve>(lines: &[Line], path: &Path) -> Result<(), Box<dyn Error>> {
    let xs = C::POINTS[0]..C::POINTS[C::POINTS.len() - 1];
    let xs = figure(xs.start)..figure(xs.end);
    let ys = lines.iter().flat_map(|line| line.points.iter().map(|point| point.1));
    if C::LOGARITHMIC {
        let (least, most) = ys.fold((f64::MAX, f64::MIN), |(a, b), y| (a.min(shown(y)), b.max(shown(y))));
        let ys = 10_f64.powf(least.log10().floor())..10_f64.powf(most.log10().floor() + 1.0);
        chart::<C, _>(lines, path, xs.log_scale(), ys.log_scale())
    } else {
        let most = ys.fold(0.0, f64::max);
        chart::<C, RangedCoordf64>(lines, path, xs, 0.0..most * 1.1)
    }
}

fn chart<C: Curve, R>(
    lines: &[Line],
    path: &Path,
    xs: impl AsRangedCoord<CoordDescType = R, Value = f64>,
    ys: impl AsRangedCoord<CoordDescType = R, Value = f64>,
) -> Result<(), Box<dyn Error>>
where
    R: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(C::TITLE, ("sans-serif", 15))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(74)
        .build_cartesian_2d(xs, ys)?;
    let label = |value: &f64| short(*value);
    chart
        .configure_mesh()
        .x_desc(C::X)
        .y_desc(C::Y)
        .x_label_formatter(&label)
        .y_label_formatter(&label)
        .light_line_style(WHITE)
        .draw()?;
    for (line, colour) in lines.iter().zip(COLOURS) {
        let points = line
            .points
            .iter()
            .map(|&(x, y)| (x, if C::LOGARITHMIC { shown(y) } else { y }));
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)).point_size(4))?
            .label(line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}

/// Zero has no place on a logarithmic axis.
fn shown(y: f64) -> f64 {
    y.max(0.01)
}

/// 20000 as 20k.
fn short(value: f64) -> String {
    let units = [(1e6, "M"), (1e3, "k")];
    let unit = units.into_iter().find(|(size, _)| value >= *size);
    unit.map_or_else(|| format!("{value}"), |(size, name)| format!("{}{name}", value / size))
}
