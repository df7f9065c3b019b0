//! SVG, laid out by `layout-rs`.

use layout::core::base::Orientation;
use layout::core::color::Color;
use layout::core::format::{ClipHandle, RenderBackend};
use layout::core::geometry::Point;
use layout::core::style::{LineStyleKind, StyleAttr};
use layout::std_shapes::shapes::{Arrow, Element, LineEndKind, ShapeKind};
use layout::topo::layout::VisualGraph;

use super::{Picture, Shape};
use crate::Document;
use crate::flow::WayKind;

const FONT: usize = 12;
/// Ways that are laid out, at most: beyond, the layout takes minutes.
const MOST_WAYS: usize = 200;
const LINE: u32 = 0x0044_5566;
const FAILURE: u32 = 0x00c0_392b;

/// The flow as an image that stands by itself: no script, no font, no link. `None` if there are too many
/// ways to lay out.
#[must_use]
pub fn svg(document: &Document) -> Option<String> {
    let picture = Picture::of(document);
    if picture.flow.ways.len() > MOST_WAYS {
        return None;
    }
    let mut graph = VisualGraph::new(Orientation::TopToBottom);
    let dot = |fill| {
        let look = StyleAttr::new(paint(LINE), 2, Some(paint(fill)), 0, FONT);
        Element::create(
            ShapeKind::new_circle(""),
            look,
            Orientation::TopToBottom,
            Point::new(18., 18.),
        )
    };
    let start = graph.add_node(dot(LINE));
    let steps: Vec<_> =
        (0..picture.steps.len()).map(|step| graph.add_node(element(&picture, step))).collect();
    let finish = picture.ends().then(|| graph.add_node(dot(0x00ff_ffff)));
    if let Some(first) = steps.first() {
        graph.add_edge(arrow(WayKind::Next, ""), start, *first);
    }
    for way in &picture.flow.ways {
        let to = match way.to {
            Some(to) => steps.get(to).copied(),
            None => finish,
        };
        if let (Some(from), Some(to)) = (steps.get(way.from), to) {
            graph.add_edge(arrow(way.kind, &picture.label(way.kind, &way.label)), *from, to);
        }
    }
    let mut canvas = Canvas::default();
    graph.do_it(false, false, false, &mut canvas);
    Some(canvas.finish())
}

/// A colour as `0xRRGGBB`, opaque.
fn paint(rgb: u32) -> Color {
    Color::new((rgb << 8) | 0xff)
}

fn element(picture: &Picture<'_>, step: usize) -> Element {
    let lines = picture.lines(step);
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(1);
    let (fill, rounded) = match picture.shape(step) {
        Shape::Step => (0x00f4_f6f8, 4),
        Shape::Branch => (0x00e3_eefb, 0),
        Shape::Person => (0x00fd_f2d0, 4),
        Shape::Wait => (0x00ee_f7ee, 18),
        Shape::Loop => (0x00ef_e8f7, 4),
    };
    let look = StyleAttr::new(paint(LINE), 1, Some(paint(fill)), rounded, FONT);
    let width = longest as f64 * 7.2 + 24.;
    let height = lines.len() as f64 * 16. + 14.;
    let text = lines.join("\n");
    let shape = match picture.shape(step) {
        Shape::Branch => ShapeKind::new_circle(&text),
        _ => ShapeKind::new_box(&text),
    };
    Element::create(shape, look, Orientation::TopToBottom, Point::new(width, height))
}

fn arrow(kind: WayKind, label: &str) -> Arrow {
    let is_dashed = matches!(kind, WayKind::Failure | WayKind::Cancel);
    let color = if is_dashed { FAILURE } else { LINE };
    let style = if is_dashed { LineStyleKind::Dashed } else { LineStyleKind::Normal };
    // The layout leaves a square for each sign of the label: half the size is its real width.
    let look = StyleAttr::new(paint(color), 1, None, 0, FONT / 2 + 1);
    Arrow::new(LineEndKind::None, LineEndKind::Arrow, style, label, &look, &None, &None)
}

/// The canvas that the layout draws on.
#[derive(Default)]
struct Canvas {
    body: String,
    width: f64,
    height: f64,
    clips: usize,
}

impl Canvas {
    fn finish(self) -> String {
        let (width, height) = (self.width.ceil() + 8., self.height.ceil() + 8.);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 \
             {width} {height}\" font-family=\"system-ui, sans-serif\" font-size=\"{FONT}\">\n<defs><marker \
             id=\"head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
             orient=\"auto-start-reverse\"><path d=\"M0 0 8 4 0 8z\" fill=\"context-stroke\"/></marker></defs>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{}</svg>\n",
            self.body
        )
    }

    fn grow(&mut self, x: f64, y: f64) {
        self.width = self.width.max(x);
        self.height = self.height.max(y);
    }

    fn add(&mut self, text: std::fmt::Arguments<'_>) {
        self.body.push_str(&text.to_string());
    }
}

fn fill(look: &StyleAttr) -> String {
    look.fill_color.map_or_else(|| "none".to_owned(), color)
}

/// `#rrggbb`, without the opacity that the library writes.
fn color(color: Color) -> String {
    color.to_web_color().chars().take(7).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl RenderBackend for Canvas {
    fn draw_rect(
        &mut self,
        xy: Point,
        size: Point,
        look: &StyleAttr,
        _properties: Option<String>,
        _clip: Option<ClipHandle>,
    ) {
        self.grow(xy.x + size.x, xy.y + size.y);
        let (x, y, width, height) = (xy.x, xy.y, size.x, size.y);
        let (fill, stroke, rounded) = (fill(look), color(look.line_color), look.rounded);
        self.add(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{rounded}\" \
             fill=\"{fill}\" stroke=\"{stroke}\"/>\n"
        ));
    }

    fn draw_line(
        &mut self,
        start: Point,
        stop: Point,
        look: &StyleAttr,
        _properties: Option<String>,
    ) {
        self.grow(start.x.max(stop.x), start.y.max(stop.y));
        let (x1, y1, x2, y2) = (start.x, start.y, stop.x, stop.y);
        let stroke = color(look.line_color);
        self.add(format_args!(
            "<path d=\"M{x1:.1} {y1:.1} {x2:.1} {y2:.1}\" stroke=\"{stroke}\"/>\n"
        ));
    }

    fn draw_circle(
        &mut self,
        xy: Point,
        size: Point,
        look: &StyleAttr,
        _properties: Option<String>,
    ) {
        self.grow(xy.x + size.x / 2., xy.y + size.y / 2.);
        let (x, y, rx, ry) = (xy.x, xy.y, size.x / 2., size.y / 2.);
        let (fill, stroke) = (fill(look), color(look.line_color));
        self.add(format_args!(
            "<ellipse cx=\"{x:.1}\" cy=\"{y:.1}\" rx=\"{rx:.1}\" ry=\"{ry:.1}\" fill=\"{fill}\" \
             stroke=\"{stroke}\"/>\n"
        ));
    }

    fn draw_text(&mut self, xy: Point, text: &str, look: &StyleAttr) {
        let lines: Vec<&str> = text.lines().collect();
        let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
        self.grow(xy.x + longest as f64 * 3.6, xy.y);
        let top = xy.y - (lines.len() as f64 - 1.) * 8. + 4.;
        // A label of a way has the smaller size that its place was made with.
        let size = if look.font_size < FONT { " font-size=\"11\"" } else { "" };
        for (nth, line) in lines.iter().enumerate() {
            let (x, y, weight) = (
                xy.x,
                top + nth as f64 * 16.,
                if nth == 0 && size.is_empty() { " font-weight=\"600\"" } else { "" },
            );
            let line = escaped(line);
            self.add(format_args!(
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\"{size}{weight}>{line}</text>\n"
            ));
        }
    }

    fn draw_arrow(
        &mut self,
        path: &[(Point, Point)],
        dashed: bool,
        head: (bool, bool),
        look: &StyleAttr,
        _properties: Option<String>,
        _text: &str,
    ) {
        let [from, to, rest @ ..] = path else { return };
        for (a, b) in path {
            self.grow(a.x.max(b.x), a.y.max(b.y));
        }
        let mut d = format!(
            "M{:.1} {:.1}C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
            from.0.x, from.0.y, from.1.x, from.1.y, to.0.x, to.0.y, to.1.x, to.1.y
        );
        for (control, point) in rest {
            d.push_str(&format!(
                "S{:.1} {:.1} {:.1} {:.1}",
                control.x, control.y, point.x, point.y
            ));
        }
        let dash = if dashed { " stroke-dasharray=\"5 4\"" } else { "" };
        let start = if head.0 { " marker-start=\"url(#head)\"" } else { "" };
        let end = if head.1 { " marker-end=\"url(#head)\"" } else { "" };
        let stroke = color(look.line_color);
        self.add(format_args!(
            "<path d=\"{d}\" fill=\"none\" stroke=\"{stroke}\"{dash}{start}{end}/>\n"
        ));
    }

    fn create_clip(&mut self, _xy: Point, _size: Point, _rounded: usize) -> ClipHandle {
        self.clips += 1;
        self.clips
    }
}
