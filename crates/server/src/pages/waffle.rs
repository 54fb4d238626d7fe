//! The fleet as a picture: one cell for so many machines, ordered by ring, then by stratum. The
//! front of a rollout is a line between the machines that were offered it and those that were not.

use super::cells::{Cell, KINDS, Row, allot, machines_per_cell};
use super::words;
use decide::id::Ring;
use maud::{Markup, PreEscaped, html};
use std::fmt::Write as _;

const PITCH: u64 = 17;
const SIDE: u64 = 14;
const RING_HEIGHT: u64 = 30;
const ROW_GAP: u64 = 6;

/// A picture and the words that go with it.
pub(crate) struct Waffle<'a> {
    /// Unique in the page; parts of the picture derive their ids from it.
    pub(crate) id: &'a str,
    /// What it shows, for those who do not see it.
    pub(crate) title: String,
    /// The picture in a sentence with its numbers.
    pub(crate) description: String,
    /// The rows, in order.
    pub(crate) rows: &'a [Row],
    /// The rollout's front, where there is a rollout.
    pub(crate) front: Option<Front>,
}

/// How far a rollout may go.
#[derive(Clone, Copy)]
pub(crate) struct Front {
    /// The last ring that is open.
    pub(crate) open: Ring,
    /// True once nobody further gets it.
    pub(crate) stopped: bool,
}

/// One arrangement of the same rows; the style sheet shows the one that fits.
struct Layout {
    suffix: &'static str,
    width: u64,
    left: u64,
    columns: u64,
    /// Height of the line above a row's cells; 0 when names stand beside them.
    name_height: u64,
}

const WIDE: Layout = Layout { suffix: "wide", width: 800, left: 170, columns: 30, name_height: 0 };
/// For fleets whose cells can be larger: the same picture, fewer columns.
const WIDE_SMALL: Layout =
    Layout { suffix: "wide", width: 640, left: 150, columns: 23, name_height: 0 };
/// Cells up to which [`WIDE_SMALL`] is used.
const SMALL_CELLS_MAX: u64 = 300;
const NARROW: Layout =
    Layout { suffix: "narrow", width: 326, left: 2, columns: 19, name_height: 20 };

/// Paths of the cells and glyphs, one for each kind: few elements, whatever the fleet.
struct Drawing {
    boxes: [String; KINDS],
    glyphs: [String; KINDS],
    texts: String,
    front: String,
    y: u64,
}

fn glyph(cell: Cell) -> &'static str {
    match cell {
        Cell::Down => "m4 4l6 6m0-6l-6 6",
        Cell::Refused => "m3.5 7h7",
        Cell::Back => "m6.5 3.5l-3 3l3 3m-3-3h7",
        Cell::Healthy | Cell::Heard => "m3.5 7.2l2.6 2.6l4.4-5.2",
        Cell::Trying => "m7 5v4m-2-2h4",
        Cell::Silent => "m5 5.2a2 2 0 1 1 2.9 1.8q-.9.4-.9 1.2m0 1.6v.2",
        Cell::Held => "m5.3 4.3v5.4m3.4-5.4v5.4",
        Cell::Offered | Cell::Waiting | Cell::Never => "",
    }
}

fn put_cells(drawing: &mut Drawing, layout: &Layout, cells: &[u64; KINDS], last: &mut Option<u64>) {
    let mut place = 0;
    let total: u64 = cells.iter().sum();
    let exposed: u64 = Cell::ALL.iter().filter(|c| c.exposed()).map(|c| cells[*c as usize]).sum();
    for cell in Cell::ALL {
        for _ in 0..cells[cell as usize] {
            let x = layout.left + place % layout.columns * PITCH;
            let y = drawing.y + place / layout.columns * PITCH;
            // Writing to a String cannot fail.
            let _ = write!(drawing.boxes[cell as usize], "M{x} {y}h{SIDE}v{SIDE}h-{SIDE}z");
            if !glyph(cell).is_empty() {
                let _ = write!(drawing.glyphs[cell as usize], "M{x} {y}{}", glyph(cell));
            }
            place += 1;
        }
    }
    let lines = total.div_ceil(layout.columns).max(1);
    for line in 0..lines {
        let behind = exposed.saturating_sub(line * layout.columns).min(layout.columns);
        let x = (layout.left + behind * PITCH).saturating_sub(2);
        let (top, bottom) = (drawing.y + line * PITCH, drawing.y + line * PITCH + SIDE + 2);
        let _ = match *last {
            None => write!(drawing.front, "M{x} {}V{bottom}", top.saturating_sub(2)),
            Some(before) if before == x => write!(drawing.front, "V{bottom}"),
            Some(_) => write!(drawing.front, "V{}H{x}V{bottom}", top.saturating_sub(2)),
        };
        *last = Some(x);
    }
    drawing.y += lines * PITCH + ROW_GAP;
}

fn text(drawing: &mut Drawing, class: &str, x: u64, y: u64, anchor_end: bool, words: &str) {
    let anchor = if anchor_end { " text-anchor=\"end\"" } else { "" };
    let words = html! { (words) }.into_string();
    let _ =
        write!(drawing.texts, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\"{anchor}>{words}</text>");
}

/// What stands at the end of a ring's heading.
fn ring_state(ring: Ring, front: Option<Front>) -> &'static str {
    match front {
        None => "",
        Some(front) if front.stopped => "stopped",
        Some(front) if ring <= front.open => "open",
        Some(_) => "not open yet",
    }
}

impl Waffle<'_> {
    fn draw(&self, layout: &Layout, per_cell: u64) -> String {
        let mut drawing = Drawing {
            boxes: Default::default(),
            glyphs: Default::default(),
            texts: String::new(),
            front: String::new(),
            y: 4,
        };
        let (mut ring, mut last) = (None, None);
        for row in self.rows {
            if ring != Some(row.ring) {
                let y = drawing.y + 16;
                text(&mut drawing, "ring", 0, y, false, &format!("ring {}", row.ring));
                text(
                    &mut drawing,
                    "ring-state",
                    layout.width,
                    y,
                    true,
                    ring_state(row.ring, self.front),
                );
                drawing.y += RING_HEIGHT;
                ring = Some(row.ring);
            }
            let counted = if self.front.is_some() { row.exposed() } else { row.of(Cell::Heard) };
            let figures = format!("{} of {}", words::number(counted), words::number(row.total()));
            let y = drawing.y + 12;
            text(&mut drawing, "stratum", 0, y, false, &shorten(&row.name));
            text(&mut drawing, "figures", layout.width, y, true, &figures);
            drawing.y += layout.name_height;
            if layout.name_height > 0 {
                last = None;
            }
            put_cells(&mut drawing, layout, &allot(row, per_cell), &mut last);
        }
        self.assemble(layout, &drawing)
    }

    fn assemble(&self, layout: &Layout, drawing: &Drawing) -> String {
        let id = format!("{}-{}", self.id, layout.suffix);
        let title = html! { (self.title) }.into_string();
        let description = html! { (self.description) }.into_string();
        let mut svg = format!(
            "<svg class=\"waffle {suffix}\" role=\"img\" viewBox=\"0 0 {width} {height}\" \
             aria-labelledby=\"{id}-title {id}-desc\"><title id=\"{id}-title\">{title}</title>\
             <desc id=\"{id}-desc\">{description}</desc>\
             <defs><pattern id=\"{id}-hatch\" width=\"4\" height=\"4\" \
             patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
             <path class=\"hatch\" d=\"M1 0v4\"/></pattern></defs>",
            suffix = layout.suffix,
            width = layout.width,
            height = drawing.y + 4,
        );
        for cell in Cell::ALL {
            let boxes = &drawing.boxes[cell as usize];
            if boxes.is_empty() {
                continue;
            }
            let class = cell.class();
            let hatch = matches!(cell, Cell::Offered | Cell::Silent | Cell::Never);
            let fill = if hatch { format!(" fill=\"url(#{id}-hatch)\"") } else { String::new() };
            let _ = write!(svg, "<path class=\"cell {class}\"{fill} d=\"{boxes}\"/>");
            let glyphs = &drawing.glyphs[cell as usize];
            if !glyphs.is_empty() {
                let _ = write!(svg, "<path class=\"mark {class}-mark\" d=\"{glyphs}\"/>");
            }
        }
        svg.push_str(&drawing.texts);
        let waiting = self.rows.iter().any(|row| row.of(Cell::Waiting) > 0);
        if let Some(front) = self.front.filter(|_| waiting) {
            let class = if front.stopped { "front stopped" } else { "front" };
            let _ = write!(svg, "<path class=\"{class}\" d=\"{}\"/>", drawing.front);
        }
        svg.push_str("</svg>");
        svg
    }

    /// Picture and legend.
    pub(crate) fn render(&self) -> Markup {
        let per_cell = machines_per_cell(self.rows);
        let cells: u64 = self.rows.iter().map(|row| row.total().div_ceil(per_cell)).sum();
        html! {
            @if self.rows.is_empty() {
                p.quiet { "No machine is in it." }
            } @else {
                (PreEscaped(self.draw(if cells <= SMALL_CELLS_MAX { &WIDE_SMALL } else { &WIDE }, per_cell)))
                (PreEscaped(self.draw(&NARROW, per_cell)))
                (legend(self.rows, per_cell, self.front))
            }
        }
    }
}

/// A stratum's name as long as its column; the whole name is in the table of numbers.
fn shorten(name: &str) -> String {
    const LONGEST: usize = 22;
    if name.chars().count() <= LONGEST {
        name.to_owned()
    } else {
        name.chars().take(LONGEST - 1).chain(['…']).collect()
    }
}

/// What the cells mean, with their counts.
fn legend(rows: &[Row], per_cell: u64, front: Option<Front>) -> Markup {
    let sum = |cell: Cell| rows.iter().map(|row| row.of(cell)).sum::<u64>();
    html! {
        ul.legend {
            @for cell in Cell::ALL {
                @if sum(cell) > 0 {
                    li { (swatch(cell)) (cell.word()) " " b { (words::number(sum(cell))) } }
                }
            }
            @if let Some(front) = front.filter(|_| sum(Cell::Waiting) > 0) {
                li {
                    svg.swatch viewBox="0 0 14 14" aria-hidden="true" focusable="false" {
                        path.front.stopped[front.stopped] d="M7 0v14" {}
                    }
                    @if front.stopped { "where it was stopped" } @else { "how far it is offered" }
                }
            }
            li.quiet {
                @if per_cell == 1 { "one square is one machine" }
                @else { "one square is up to " (words::number(per_cell)) " machines" }
            }
        }
    }
}

fn swatch(cell: Cell) -> Markup {
    let hatched = matches!(cell, Cell::Offered | Cell::Silent | Cell::Never);
    html! {
        svg.swatch viewBox="0 0 14 14" aria-hidden="true" focusable="false" {
            path class=(format!("cell {}", cell.class())) d="M.7.7h12.6v12.6H.7z" {}
            @if hatched { path.hatch d="M1 9L9 1M1 13L13 1M5 13L13 5" {} }
            @if !glyph(cell).is_empty() {
                path class=(format!("mark {}-mark", cell.class())) d=(format!("M0 0{}", glyph(cell))) {}
            }
        }
    }
}
