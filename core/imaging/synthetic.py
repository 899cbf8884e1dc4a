"""Rendered blood smears with exactly known truth, for the demo, the tests and training.

Cells are drawn as optical density, the quantity that adds up where cells overlap (Beer-Lambert law),
and the image is the light of the field times the transmittance ``exp(-density)``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

CLASS_NAMES = ("RBC", "WBC", "Platelets")
RBC, WBC, PLATELET = range(3)

EOSIN = np.array([0.16, 0.62, 0.36], np.float32)
AZURE = np.array([0.92, 1.00, 0.30], np.float32)
_MIN_VISIBLE = 0.5


@dataclass(frozen=True)
class SmearStyle:
    """How a rendered field looks. Lengths are fractions of the red cell diameter.

    ``light`` is the RGB pixel value of the empty field; ``vignetting`` the fall of light towards the
    corners (0 to 1); ``noise`` the standard deviation of the camera noise in pixel values;
    ``blur`` the defocus sigma; ``irregularity`` 0 gives round red cells, 1 poikilocytes;
    ``pallor`` how much thinner the centre of a red cell is; ``targets`` the share of target cells,
    which have a dense spot in the pallor; ``rings`` the share of cells that are a thick dark ring round
    an empty centre; ``crenated`` the share of spiky cells; ``ghosts`` how many faint discs, which are
    no cells, lie in the field; ``density`` scales all staining.
    """

    light: tuple[float, float, float] = (236.0, 228.0, 232.0)
    vignetting: float = 0.12
    noise: float = 2.0
    blur: float = 0.015
    irregularity: float = 0.12
    pallor: float = 0.55
    targets: float = 0.0
    rings: float = 0.0
    crenated: float = 0.0
    ghosts: int = 0
    density: float = 0.75
    eosin: NDArray[np.float32] = field(default_factory=lambda: EOSIN)
    azure: NDArray[np.float32] = field(default_factory=lambda: AZURE)
    debris: int = 0

    @classmethod
    def random(cls, rng: Generator) -> SmearStyle:
        """Draw the look of an arbitrary laboratory."""
        return cls(
            light=tuple(float(v) for v in rng.uniform(200, 250, 3)),  # type: ignore[arg-type]
            vignetting=float(rng.uniform(0, 0.3)),
            noise=float(rng.uniform(0, 5)),
            blur=float(rng.uniform(0, 0.04)),
            irregularity=float(rng.choice([0.05, 0.2, 0.6, 1.0])),
            pallor=float(rng.uniform(0, 0.95)),
            targets=float(rng.choice([0.0, 0.0, 0.1, 0.8])),
            rings=float(rng.choice([0.0, 0.0, 0.1, 0.8])),
            crenated=float(rng.choice([0.0, 0.0, 0.1, 0.8])),
            ghosts=int(rng.choice([0, 0, 3, 8])),
            density=float(rng.uniform(0.2, 1.3)),
            eosin=(EOSIN + rng.uniform(-0.12, 0.22, 3)).astype(np.float32),
            azure=(AZURE + rng.uniform(-0.25, 0.15, 3)).astype(np.float32),
            debris=int(rng.integers(0, 8)),
        )


@dataclass(frozen=True)
class RenderedSmear:
    """An image and its truth.

    ``image`` uint8 RGB (H, W, 3); ``boxes`` float32 (N, 4) x1 y1 x2 y2 in pixels, tight round the
    visible part; ``labels`` int32 (N,), indices into ``CLASS_NAMES``; ``shapes``: N masks bool (h, w), which pixels
    of its box each cell covers. Cells of which less than half is inside the image are drawn but are not part of the
    truth.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int32]
    shapes: tuple[NDArray[np.bool_], ...] = ()

    def counts(self) -> dict[str, int]:
        """Return the true count for each class name."""
        return {name: int((self.labels == index).sum()) for index, name in enumerate(CLASS_NAMES)}


@dataclass(frozen=True)
class _Cell:
    label: int
    density: NDArray[np.float32]  # (h, w, 3)
    shape: NDArray[np.bool_]  # (h, w)


def render_smear(
    width: int,
    height: int,
    *,
    red_cells: int,
    white_cells: int = 0,
    platelets: int = 0,
    diameter: float = 64.0,
    style: SmearStyle | None = None,
    rng: Generator,
    max_overlap: float = 0.18,
) -> RenderedSmear:
    """Render a field of blood cells.

    Parameters
    ----------
    width, height
        Size of the image in pixels.
    red_cells, white_cells, platelets
        How many of each to place. Where the field is too full, fewer are placed: the truth says how
        many.
    diameter
        Mean red cell diameter in pixels.
    max_overlap
        Largest overlap of two cells' circles as a fraction of the smaller diameter. White cells and
        platelets do not overlap anything by more than a tenth of that.
    """
    style = style or SmearStyle()
    density = np.zeros((height, width, 3), np.float32)
    placed = np.zeros((0, 3), np.float32)
    boxes: list[tuple[float, float, float, float]] = []
    labels: list[int] = []
    shapes: list[NDArray[np.bool_]] = []
    kinds = [WBC] * white_cells + [PLATELET] * platelets + [RBC] * red_cells
    for kind in kinds:
        cell = _draw_cell(kind, diameter, style, rng)
        radius = np.sqrt(cell.shape.sum() / np.pi)
        overlap = max_overlap if kind == RBC else max_overlap * 0.1
        spot = _free_spot(placed, radius, width, height, overlap, rng)
        if spot is None:
            continue
        placed = np.vstack([placed, (*spot, radius)]).astype(np.float32)
        stamped = _stamp(density, cell, spot)
        if stamped is not None:
            boxes.append(stamped[0])
            shapes.append(stamped[1])
            labels.append(kind)
    _add_debris(density, diameter, style, rng)
    for _ in range(style.ghosts):
        centre = rng.uniform(0, width), rng.uniform(0, height)
        add_ghost(density, centre, diameter * float(rng.uniform(0.7, 1.3)), rng)
    image = _photograph(density, diameter, style, rng)
    return RenderedSmear(image, np.array(boxes, np.float32).reshape(-1, 4), np.array(labels, np.int32), tuple(shapes))


def render_pairs(
    width: int, height: int, overlap: float, *, diameter: float = 64.0, style: SmearStyle | None = None, rng: Generator
) -> RenderedSmear:
    """Render a field of red cells in pairs, all whole, each cell ``overlap`` of a diameter over its neighbour.

    The pairs lie in a grid, turned at random, with room between them.
    """
    style = style or SmearStyle()
    density = np.zeros((height, width, 3), np.float32)
    boxes: list[tuple[float, float, float, float]] = []
    room = int(diameter * 2.6)
    for top in range(0, height - room + 1, room):
        for left in range(0, width - room + 1, room):
            way = rng.uniform(0, np.pi)
            cells = [_draw_cell(RBC, diameter, style, rng) for _ in range(2)]
            radii = [float(np.sqrt(cell.shape.sum() / np.pi)) for cell in cells]
            apart = sum(radii) - 2 * overlap * min(radii)
            for cell, side in zip(cells, (-0.5, 0.5), strict=True):
                centre = left + room / 2 + side * apart * np.cos(way), top + room / 2 + side * apart * np.sin(way)
                stamped = _stamp(density, cell, centre)
                assert stamped is not None
                boxes.append(stamped[0])
    image = _photograph(density, diameter, style, rng)
    return RenderedSmear(image, np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), RBC, np.int32))


def _free_spot(
    placed: NDArray[np.float32], radius: float, width: int, height: int, overlap: float, rng: Generator
) -> tuple[float, float] | None:
    for _ in range(60):
        x = float(rng.uniform(-0.4 * radius, width + 0.4 * radius))
        y = float(rng.uniform(-0.4 * radius, height + 0.4 * radius))
        distance = np.hypot(placed[:, 0] - x, placed[:, 1] - y)
        allowed = placed[:, 2] + radius - 2 * overlap * np.minimum(placed[:, 2], radius)
        if (distance >= allowed).all():
            return x, y
    return None


def _stamp(
    density: NDArray[np.float32], cell: _Cell, centre: tuple[float, float]
) -> tuple[tuple[float, float, float, float], NDArray[np.bool_]] | None:
    """Add a cell to the field; return its visible box and shape, or None if less than half can be seen."""
    height, width = density.shape[:2]
    h, w = cell.shape.shape
    left, top = round(centre[0] - w / 2), round(centre[1] - h / 2)
    x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + w, width), min(top + h, height)
    if x2 <= x1 or y2 <= y1:
        return None
    inside = np.s_[y1 - top : y2 - top, x1 - left : x2 - left]
    density[y1:y2, x1:x2] += cell.density[inside]
    visible = cell.shape[inside]
    if visible.sum() < _MIN_VISIBLE * cell.shape.sum():
        return None
    rows, columns = np.flatnonzero(visible.any(1)), np.flatnonzero(visible.any(0))
    box = (
        float(x1 + columns[0]),
        float(y1 + rows[0]),
        float(x1 + columns[-1] + 1),
        float(y1 + rows[-1] + 1),
    )
    return box, visible[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _polar_grid(half: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    axis = np.arange(-half, half + 1, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    return np.hypot(x, y), np.arctan2(y, x)


def _outline(angle: NDArray[np.float32], radius: float, roughness: float, rng: Generator) -> NDArray[np.float32]:
    """Radius of a closed wavy outline at each angle."""
    outline = np.full_like(angle, 1.0)
    for order in range(2, 6):
        amplitude = roughness * rng.normal() / order
        outline += amplitude * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
    return (radius * np.clip(outline, 0.5, 1.6)).astype(np.float32)


def _texture(shape: tuple[int, int], grain: float, rng: Generator) -> NDArray[np.float32]:
    """Smooth random field of mean 0 and deviation 1 with the given grain in pixels."""
    noise = rng.standard_normal(shape).astype(np.float32)
    noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), max(grain, 0.5)), np.float32)
    return noise / max(float(noise.std()), 1e-6)


def _edge(distance: NDArray[np.float32], softness: float) -> NDArray[np.float32]:
    """1 inside (positive distance), 0 outside, with a soft rim of the given width in pixels."""
    return np.clip(distance / softness + 0.5, 0, 1)


def _draw_cell(kind: int, diameter: float, style: SmearStyle, rng: Generator) -> _Cell:
    draw = (_draw_red_cell, _draw_white_cell, _draw_platelet)[kind]
    layer, shape = draw(diameter, style, rng)
    rows, columns = np.flatnonzero(shape.any(1)), np.flatnonzero(shape.any(0))
    tight = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return _Cell(kind, layer[tight] * style.density, shape[tight])


def _draw_red_cell(diameter: float, style: SmearStyle, rng: Generator) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    radius = diameter / 2 * float(np.exp(rng.normal(0, 0.05 + 0.1 * style.irregularity)))
    distance, angle = _polar_grid(int(radius * 2.1) + 3)
    odd = rng.random() < style.irregularity
    stretch = float(np.exp(abs(rng.normal(0, 0.35 if odd else 0.06))))
    turn = rng.uniform(0, np.pi)
    ellipse = 1 / np.sqrt((np.cos(angle - turn) / stretch) ** 2 + (np.sin(angle - turn) * stretch) ** 2)
    outline = _outline(angle, radius, 0.12 if odd else 0.02, rng) * np.minimum(ellipse, 1.9)
    crenated = style.crenated > 0 and rng.random() < style.crenated
    if crenated or (odd and rng.random() < 0.2):
        outline *= 1 + 0.06 * np.cos(rng.integers(10, 18) * angle)
    inside = _edge(outline - distance, max(diameter * 0.035, 1.0))
    relative = distance / outline
    pallor = style.pallor * float(rng.uniform(0.6, 1.1))
    width = float(rng.uniform(0.3, 0.5)) + 0.2 * max(style.pallor - 0.6, 0)
    thickness = 1 - np.clip(pallor, 0, 0.95) * np.exp(-((relative / width) ** 4))
    if rng.random() < style.targets:
        thickness += rng.uniform(0.3, 0.9) * np.exp(-((relative / rng.uniform(0.15, 0.28)) ** 2))
    if style.rings > 0 and rng.random() < style.rings:
        thickness = _edge(relative - rng.uniform(0.25, 0.6), 0.15) * rng.uniform(1.0, 2.2)
    if crenated:  # the spikes seen from above: bright and dark specks
        thickness = rng.uniform(1.0, 1.8) * (1 + 0.25 * _texture(distance.shape, diameter * 0.05, rng))
    thickness *= 1 + 0.05 * _texture(distance.shape, diameter * 0.08, rng)
    density = (inside * thickness * float(rng.uniform(0.85, 1.15)))[..., None] * style.eosin
    return density.astype(np.float32), inside > 0.5


def _draw_white_cell(
    diameter: float, style: SmearStyle, rng: Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    radius = diameter / 2 * float(rng.uniform(1.25, 2.3))
    distance, angle = _polar_grid(int(radius * 1.7) + 3)
    outline = _outline(angle, radius, 0.05, rng)
    inside = _edge(outline - distance, max(diameter * 0.05, 1.0))
    x, y = distance * np.cos(angle), distance * np.sin(angle)
    nucleus = np.zeros_like(distance)
    lobes = int(rng.integers(1, 5))
    lobe_radius = radius * (rng.uniform(0.6, 0.88) if lobes == 1 else rng.uniform(0.32, 0.45))
    reach = 0.0 if lobes == 1 else radius * 0.45
    start = rng.uniform(0, 2 * np.pi)
    for lobe in range(lobes):
        where = start + lobe * rng.uniform(0.9, 1.5)
        dx, dy = x - reach * np.cos(where), y - reach * np.sin(where)
        lobe_distance = np.hypot(dx, dy)
        lobe_outline = _outline(np.arctan2(dy, dx), lobe_radius, 0.12, rng)
        nucleus = np.maximum(nucleus, _edge(lobe_outline - lobe_distance, diameter * 0.08))
    nucleus *= inside
    chromatin = 1 + 0.12 * _texture(distance.shape, diameter * 0.06, rng)
    granules = 0.12 + 0.1 * np.clip(_texture(distance.shape, diameter * 0.035, rng), 0, 3)
    plasma = (style.eosin if rng.random() < 0.5 else style.azure) * float(rng.uniform(0.5, 1.4))
    density = (nucleus * chromatin * float(rng.uniform(0.9, 1.5)))[..., None] * style.azure
    density = density + ((inside - nucleus) * granules)[..., None] * plasma
    return density.astype(np.float32), inside > 0.5


def _draw_platelet(diameter: float, style: SmearStyle, rng: Generator) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    radius = diameter / 2 * float(rng.uniform(0.28, 0.5))
    distance, angle = _polar_grid(int(radius * 1.8) + 3)
    outline = _outline(angle, radius, 0.16, rng)
    inside = _edge(outline - distance, max(radius * 0.35, 1.0))
    core = np.exp(-((distance / (0.65 * radius)) ** 2))
    grain = 1 + 0.35 * _texture(distance.shape, radius * 0.22, rng)
    strength = np.clip(inside * (0.35 + 0.65 * core) * grain, 0, 2) * float(rng.uniform(0.55, 0.95))
    density = strength[..., None] * (0.8 * style.azure + 0.2 * style.eosin)
    return density.astype(np.float32), inside > 0.5


def _add_debris(density: NDArray[np.float32], diameter: float, style: SmearStyle, rng: Generator) -> None:
    """Dust, stain grains and pointer lines that are no cells."""
    height, width = density.shape[:2]
    for _ in range(style.debris):
        layer = np.zeros((height, width), np.float32)
        start = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        if rng.random() < 0.25:
            end = (int(rng.integers(0, width)), int(rng.integers(0, height)))
            cv2.line(layer, start, end, 1.0, max(int(diameter * rng.uniform(0.02, 0.25)), 1), cv2.LINE_AA)
        else:
            cv2.circle(layer, start, max(int(diameter * rng.uniform(0.02, 0.07)), 1), 1.0, -1, cv2.LINE_AA)
        layer = cv2.GaussianBlur(layer, (0, 0), max(diameter * 0.02, 0.5))
        density += layer[..., None] * (rng.uniform(0.3, 1.5) + rng.uniform(-0.2, 0.2, 3)).astype(np.float32)


def add_ghost(density: NDArray[np.float32], centre: tuple[float, float], diameter: float, rng: Generator) -> None:
    """Add a faint disc or ring that is no cell: a washed-out cell's trace, a drying mark. In place."""
    height, width = density.shape[:2]
    half = int(diameter * 0.8) + 2
    distance, angle = _polar_grid(half)
    outline = _outline(angle, diameter / 2, 0.04, rng)
    disc = _edge(outline - distance, diameter * float(rng.uniform(0.05, 0.3)))
    rim = np.exp(-(((distance - outline) / (0.08 * diameter)) ** 2))
    faint = (disc * rng.normal(0, 0.02) + rim * rng.normal(0, 0.015))[..., None] * rng.uniform(0.4, 1.2, 3)
    left, top = round(centre[0]) - half, round(centre[1]) - half
    x1, y1 = max(left, 0), max(top, 0)
    x2, y2 = min(left + 2 * half + 1, width), min(top + 2 * half + 1, height)
    if x2 > x1 and y2 > y1:
        density[y1:y2, x1:x2] += faint[y1 - top : y2 - top, x1 - left : x2 - left].astype(np.float32)


def _photograph(density: NDArray[np.float32], diameter: float, style: SmearStyle, rng: Generator) -> NDArray[np.uint8]:
    height, width = density.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    shift = rng.uniform(-0.4, 0.4, 2)
    fall = 1 - style.vignetting * ((x - shift[0]) ** 2 + (y - shift[1]) ** 2) / 2
    image = np.exp(-density) * np.array(style.light, np.float32) * fall[..., None]
    if style.blur > 0:
        image = cv2.GaussianBlur(image, (0, 0), max(style.blur * diameter, 0.3))
    image += rng.standard_normal(image.shape, np.float32) * style.noise
    return np.clip(image + 0.5, 0, 255).astype(np.uint8)
