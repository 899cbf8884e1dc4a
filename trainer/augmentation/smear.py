"""Augmentation: geometry, mosaics, pasted cells, stain, light and camera.

All functions work on fields whose illumination was divided out (``core.imaging.illumination``): the empty
field is near ``WHITE``, and ``-log(value / WHITE)`` is the optical density of the stain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from core.imaging.illumination import WHITE, divide_light, estimate_light
from core.imaging.synthetic import AZURE, EOSIN, SmearStyle, add_ghost, render_smear
from trainer.augmentation.artefacts import add_precipitate, add_smudge, tint_red_cells
from trainer.augmentation.cameras import add_eyepiece, add_rings, add_vignette, sharpen, tint_lamp
from trainer.augmentation.crop import Crop
from trainer.augmentation.overlaps import overlap_cells, paste_white_cells
from trainer.dataset.load import PreparedImage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from trainer.augmentation.overlaps import CutCell
    from trainer.recipes.recipe import Preset

MIN_VISIBLE = 0.5
"""A cell cut by the crop keeps its box when at least this share of it is inside."""

PAD_VALUE = (124, 116, 104)
"""The ImageNet mean: what lies outside the image becomes zero inside the network."""

_DENSITY_OF_VALUE = -np.log(np.maximum(np.arange(256), 2.0) / WHITE).astype(np.float32)


class Patch(NamedTuple):
    """A cell to paste: optical density float32 (h, w, 3) at the preset's red cell diameter, and its label."""

    density: NDArray[np.float32]
    label: int


@dataclass(frozen=True)
class Material:
    """What crops are made of.

    ``draw`` returns a random field; ``patches`` are cells to paste; ``unsorted_red`` is the class of red cells whose
    kind nobody told, None if there is none; ``rendered_labels`` what red cells, white cells and platelets of rendered
    smears are called, None if the classes are others; ``kinds`` are the classes that are kinds of another, which
    rendered smears do not tell; ``red_cells`` and ``white_cells`` are cells to lay over others.
    """

    preset: Preset
    draw: Callable[[Generator], PreparedImage]
    patches: Sequence[Patch] = ()
    unsorted_red: int | None = 0
    rendered_labels: tuple[int, int, int] | None = (0, 1, 2)
    kinds: frozenset[int] = frozenset()
    red_cells: Sequence[CutCell] = ()
    white_cells: Sequence[CutCell] = ()


def training_crop(material: Material, rng: Generator) -> Crop:
    """Compose one augmented training crop."""
    preset = material.preset
    crop = compose_panes(material, rng)
    if material.patches and rng.random() < preset.paste:
        paste_cells(crop, material.patches, rng)
    red = material.unsorted_red
    if rng.random() < preset.vary_pallor and red is not None:
        vary_pallor(crop, red, rng)
    if red is not None and material.red_cells and rng.random() < preset.overlap:
        overlap_cells(crop, material.red_cells, red, rng)
    if red is not None and rng.random() < preset.tinted_cells:
        tint_red_cells(crop, red, rng)
    if material.white_cells and rng.random() < preset.paste_white:
        paste_white_cells(crop, material.white_cells, rng)
    if rng.random() < preset.ghosts:
        add_ghosts(crop, preset.red_cell_diameter, rng)
    if rng.random() < preset.artefacts:
        (add_precipitate if rng.random() < 0.5 else add_smudge)(crop, preset.red_cell_diameter, rng)
    stained = rng.random() < preset.restain
    transmittance = restain(crop.image, rng) if stained else crop.image.astype(np.float32) / WHITE
    crop.image = photograph(transmittance, preset.red_cell_diameter, rng, preset.cameras)
    if rng.random() < preset.eyepieces:
        add_eyepiece(crop, rng)
    return crop


def compose_panes(material: Material, rng: Generator) -> Crop:
    """Fill a crop with one field, or with two to four panes of different fields."""
    preset = material.preset
    size = preset.crop
    cut_x, cut_y = size, size
    if rng.random() < preset.mosaic:
        layout = rng.integers(3)
        if layout != 0:
            cut_x = int(size * rng.uniform(0.3, 0.7))
        if layout != 1:
            cut_y = int(size * rng.uniform(0.3, 0.7))
    image = np.empty((size, size, 3), np.uint8)
    boxes: list[NDArray[np.float32]] = []
    labels: list[NDArray[np.int64]] = []
    incomplete: list[tuple[tuple[int, int, int, int], frozenset[int]]] = []
    spans_x = [(0, cut_x), (cut_x, size)] if cut_x < size else [(0, size)]
    spans_y = [(0, cut_y), (cut_y, size)] if cut_y < size else [(0, size)]
    for y1, y2 in spans_y:
        for x1, x2 in spans_x:
            rendered = material.rendered_labels
            if rng.random() < preset.rendered and rendered is not None:
                source = synthetic_image(preset.red_cell_diameter, rendered, material.kinds, rng)
            else:
                source = material.draw(rng)
            pane = cut_pane(source, x2 - x1, y2 - y1, preset.red_cell_diameter, rng)
            image[y1:y2, x1:x2] = pane.image
            boxes.append(pane.boxes + np.array([x1, y1, x1, y1], np.float32))
            labels.append(pane.labels)
            if source.incomplete:
                incomplete.append(((x1, y1, x2, y2), source.incomplete))
    return Crop(image, np.concatenate(boxes), np.concatenate(labels), incomplete)


def synthetic_image(
    diameter: float, labels: tuple[int, int, int], kinds: frozenset[int], rng: Generator
) -> PreparedImage:
    """Return a small rendered smear with its illumination divided out, which is incomplete for all kinds."""
    side = int(diameter * 5)
    smear = render_smear(
        side,
        side,
        red_cells=int(rng.integers(4, 26)),
        white_cells=int(rng.random() < 0.25),
        platelets=int(rng.integers(0, 5)),
        diameter=diameter,
        style=SmearStyle.random(rng),
        rng=rng,
        max_overlap=0.25,
    )
    image = divide_light(smear.image, estimate_light(smear.image))
    return PreparedImage(image, smear.boxes, np.array(labels, np.int64)[smear.labels], diameter, kinds)


def cut_pane(source: PreparedImage, width: int, height: int, diameter: float, rng: Generator) -> Crop:
    """Cut a randomly placed, scaled, stretched, flipped and transposed piece of a field."""
    transpose = rng.random() < 0.5
    if transpose:
        width, height = height, width
    low, high = (0.5, 2.0) if rng.random() < 0.2 else (0.7, 1.45)
    scale = diameter / source.diameter * float(np.exp(rng.uniform(np.log(low), np.log(high))))
    stretch = float(np.exp(rng.normal(0, 0.12)))
    pane = cut_piece(source, width, height, (scale * stretch, scale / stretch), rng)
    return _turn(pane, transpose, rng)


def cut_piece(source: PreparedImage, width: int, height: int, scales: tuple[float, float], rng: Generator) -> Crop:
    """Cut a randomly placed piece of a field, ``width`` x ``height`` pixels after scaling in x and y."""
    scale_x, scale_y = scales
    field_height, field_width = source.image.shape[:2]
    x = _pane_origin(field_width, width / scale_x, rng)
    y = _pane_origin(field_height, height / scale_y, rng)
    x1, y1 = max(int(x), 0), max(int(y), 0)
    x2 = min(int(np.ceil(x + width / scale_x)), field_width)
    y2 = min(int(np.ceil(y + height / scale_y)), field_height)
    matrix = np.array([[scale_x, 0, (x1 - x) * scale_x], [0, scale_y, (y1 - y) * scale_y]], np.float32)
    piece = source.image[y1:y2, x1:x2]
    if (scale_x * scale_y) ** 0.5 < 0.6:
        shrunk = cv2.resize(
            piece,
            (max(round((x2 - x1) * scale_x), 1), max(round((y2 - y1) * scale_y), 1)),
            interpolation=cv2.INTER_AREA,
        )
        matrix[0, 0], matrix[1, 1] = 1, 1
        piece = shrunk
    image = cv2.warpAffine(
        piece, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=PAD_VALUE
    )
    boxes = (source.boxes - np.array([x, y, x, y], np.float32)) * np.array(
        [scale_x, scale_y, scale_x, scale_y], np.float32
    )
    boxes, labels = _clip(boxes, source.labels, width, height)
    return Crop(np.asarray(image, np.uint8), boxes, labels)


def _pane_origin(field_length: int, pane_length: float, rng: Generator) -> float:
    """Where a pane starts in the field; it may reach a quarter of its length beyond the border."""
    spare = field_length - pane_length
    margin = 0.25 * pane_length if rng.random() < 0.3 else 0.0
    low, high = min(0.0, spare) - margin, max(0.0, spare) + margin
    return float(rng.uniform(low, high))


def _clip(
    boxes: NDArray[np.float32], labels: NDArray[np.int64], width: int, height: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    limits = np.array([width, height, width, height], np.float32)
    clipped = np.clip(boxes, 0, limits)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    sides = clipped[:, 2:] - clipped[:, :2]
    keep = (np.prod(sides, axis=1) >= MIN_VISIBLE * area) & (sides > 3).all(axis=1)
    return clipped[keep], labels[keep]


def _turn(crop: Crop, transpose: bool, rng: Generator) -> Crop:
    image, boxes = crop.image, crop.boxes
    height, width = image.shape[:2]
    if rng.random() < 0.5:
        image = image[:, ::-1]
        boxes = np.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], axis=1)
    if rng.random() < 0.5:
        image = image[::-1]
        boxes = np.stack([boxes[:, 0], height - boxes[:, 3], boxes[:, 2], height - boxes[:, 1]], axis=1)
    if transpose:
        image = image.transpose(1, 0, 2)
        boxes = boxes[:, [1, 0, 3, 2]]
    return Crop(np.ascontiguousarray(image), boxes.astype(np.float32), crop.labels)


def cut_cells(source: PreparedImage, labels: frozenset[int], diameter: float) -> list[Patch]:
    """Return the whole and round cells of some classes of a field, at the given red cell diameter.

    The density of the surroundings (10 % quantile of the patch) is subtracted and the patch fades
    out towards its rim, so that it can be added anywhere.
    """
    patches = []
    scale = diameter / source.diameter
    height, width = source.image.shape[:2]
    for (x1, y1, x2, y2), label in zip(source.boxes, source.labels.tolist(), strict=True):
        if label not in labels:
            continue
        touches_border = x1 < 1 or y1 < 1 or x2 > width - 1 or y2 > height - 1
        if touches_border or max((x2 - x1) / (y2 - y1), (y2 - y1) / (x2 - x1)) > 1.6:
            continue
        piece = source.image[int(y1) : int(np.ceil(y2)), int(x1) : int(np.ceil(x2))]
        size = (max(round(piece.shape[1] * scale), 5), max(round(piece.shape[0] * scale), 5))
        patch = _DENSITY_OF_VALUE[np.asarray(cv2.resize(piece, size, interpolation=cv2.INTER_AREA), np.uint8)]
        patch = np.maximum(patch - np.quantile(patch, 0.1, axis=(0, 1)).astype(np.float32), 0)
        v, u = np.mgrid[-1 : 1 : size[1] * 1j, -1 : 1 : size[0] * 1j]
        fade = np.clip((1.08 - np.hypot(u, v)) / 0.25, 0, 1).astype(np.float32)
        patches.append(Patch(patch * fade[..., None], label))
    return patches


def paste_cells(crop: Crop, patches: Sequence[Patch], rng: Generator) -> None:
    """Add a few cells to the empty parts of a crop, in place."""
    size = crop.image.shape[0]
    for _ in range(int(rng.integers(1, 5))):
        patch, label = patches[int(rng.integers(len(patches)))]
        grow = float(rng.uniform(0.75, 1.3))
        patch = cv2.resize(patch, None, fx=grow, fy=grow, interpolation=cv2.INTER_LINEAR)
        patch = np.rot90(patch, int(rng.integers(4)))
        h, w = patch.shape[:2]
        for _attempt in range(8):
            x, y = int(rng.integers(0, size - w)), int(rng.integers(0, size - h))
            overlap_w = np.minimum(crop.boxes[:, 2], x + w) - np.maximum(crop.boxes[:, 0], x)
            overlap_h = np.minimum(crop.boxes[:, 3], y + h) - np.maximum(crop.boxes[:, 1], y)
            shared = np.maximum(overlap_w, 0) * np.maximum(overlap_h, 0)
            target = crop.image[y : y + h, x : x + w]
            if (shared < 0.15 * w * h).all() and np.median(target) > 0.8 * WHITE:
                strength = float(rng.uniform(0.8, 1.2))
                target[:] = (target * np.exp(-patch * strength)).astype(np.uint8)
                crop.boxes = np.vstack([crop.boxes, np.array([[x, y, x + w, y + h]], np.float32)])
                crop.labels = np.append(crop.labels, label)
                break


def add_ghosts(crop: Crop, diameter: float, rng: Generator) -> None:
    """Draw faint traces in the empty parts of a crop, in place: they are no cells."""
    size = crop.image.shape[0]
    density = np.zeros((size, size, 3), np.float32)
    for x, y in rng.uniform(0, size, (int(rng.integers(2, 9)), 2)):
        reach = 0.35 * diameter
        inside = (crop.boxes[:, :2] < (x + reach, y + reach)) & (crop.boxes[:, 2:] > (x - reach, y - reach))
        if not inside.all(axis=1).any():
            add_ghost(density, (x, y), diameter * float(rng.uniform(0.7, 1.3)), rng)
    crop.image[:] = np.clip(crop.image * np.exp(-density) + 0.5, 0, 255).astype(np.uint8)


def vary_pallor(crop: Crop, label: int, rng: Generator) -> None:
    """Give the cells of a class another centre, in place: none, paler, a dense spot or disc, a ring.

    Else a dense spot in a pale red cell is learned as a nucleus, and target cells are counted as white. Kinds of red
    cells are told by their centres: these must stay.
    """
    profile = (_spot, _target, _ring)[int(rng.choice(3, p=(0.4, 0.4, 0.2)))]
    change = float(rng.uniform(-0.9, 1.4))
    for x1, y1, x2, y2 in crop.boxes[crop.labels == label].round().astype(int):
        width, height = x2 - x1, y2 - y1
        whole = min(x1, y1) > 1 and max(x2, y2) < crop.image.shape[0] - 1
        if not whole or max(width, height) > 1.4 * min(width, height):
            continue
        v, u = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        factor = profile(u, v, change, rng)
        target = crop.image[y1:y2, x1:x2]
        density = _DENSITY_OF_VALUE[target] * np.maximum(factor, 0.05)[..., None]
        target[:] = np.clip(WHITE * np.exp(-density), 0, 255).astype(np.uint8)


def _spot(u: NDArray[np.float64], v: NDArray[np.float64], change: float, rng: Generator) -> NDArray[np.float64]:
    """Density factor of a soft spot, denser or paler, in a cell that spans -1 to 1."""
    return 1 + change * rng.uniform(0.6, 1.2) * np.exp(-((np.hypot(u, v) / rng.uniform(0.18, 0.4)) ** 2))


def _target(u: NDArray[np.float64], v: NDArray[np.float64], change: float, rng: Generator) -> NDArray[np.float64]:
    """Density factor of a target cell: a dense disc or bar, a pale ring round it, the rim as it was."""
    turn, long = rng.uniform(0, np.pi), np.exp(rng.uniform(0, 0.6) * (rng.random() < 0.4))
    shift_u, shift_v = rng.normal(0, 0.08, 2)
    along = ((u - shift_u) * np.cos(turn) + (v - shift_v) * np.sin(turn)) / long
    across = ((v - shift_v) * np.cos(turn) - (u - shift_u) * np.sin(turn)) * long
    core = np.exp(-((np.hypot(along, across) / rng.uniform(0.25, 0.45)) ** int(rng.integers(2, 9))))
    pale = np.exp(-((np.hypot(u, v) / rng.uniform(0.6, 0.8)) ** 6))
    return 1 - abs(change) * rng.uniform(0.3, 0.7) * pale * (1 - core) + 0.5 * abs(change) * core


def _ring(u: NDArray[np.float64], v: NDArray[np.float64], change: float, rng: Generator) -> NDArray[np.float64]:
    """Density factor of a thick dark ring round an emptied centre."""
    distance = np.hypot(u, v)
    centre = np.exp(-((distance / rng.uniform(0.3, 0.6)) ** 6))
    rim = np.exp(-((distance / 0.95) ** 10))
    return 1 - 0.95 * centre + (1 - centre) * rim * (0.4 + abs(change)) * rng.uniform(0.5, 1.2)


def restain(image: NDArray[np.uint8], rng: Generator) -> NDArray[np.float32]:
    """Stain the field as another laboratory would; float32 (H, W, 3) of transmittance.

    The density is separated into the dye pair of Romanowsky stains (eosin, azure) and a rest (Ruifrok
    and Johnston 2001); the dyes get new strengths and new colours, and are mixed again.
    """
    rest = np.cross(EOSIN, AZURE)
    dyes = np.stack([_unit(EOSIN), _unit(AZURE), _unit(rest)]).astype(np.float32)
    new = dyes + rng.normal(0, 0.08, (3, 3)).astype(np.float32)
    dark = rng.random() < 0.12
    if dark or rng.random() < 0.3:  # bluish red cells: old stain, thick drops, wrong pH
        new[0] += float(rng.uniform(0, 0.8)) * (new[1] - new[0])
    if rng.random() < 0.15:  # reddish nuclei
        new[1] += float(rng.uniform(0, 0.5)) * (new[0] - new[1])
    strength = np.exp(rng.normal(0, 0.25, 3)) * np.exp(rng.uniform(*np.log((1.5, 2.8) if dark else (0.35, 1.7))))
    mix = np.linalg.inv(dyes) @ np.diag(strength) @ new
    density = _DENSITY_OF_VALUE[image]
    density = cv2.transform(density, mix.T.astype(np.float32))
    if rng.random() < 0.15:  # a camera of low or high contrast
        density = np.sign(density) * np.abs(density) ** float(rng.uniform(0.75, 1.3))
    if rng.random() < 0.08:  # a grey image
        density[:] = density.mean(axis=2, keepdims=True)
    return np.exp(-density).astype(np.float32, copy=False)


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def photograph(
    transmittance: NDArray[np.float32], diameter: float, rng: Generator, cameras: float = 0.0
) -> NDArray[np.uint8]:
    """Photograph a field: residual light and vignetting, defocus, low resolution, noise, JPEG.

    ``cameras`` is how often each fault of the harder kind (``trainer.augmentation.cameras``) comes on top.
    """
    size = transmittance.shape[0]
    light = WHITE * np.exp(rng.normal(0, 0.04, 3) + rng.normal(0, 0.05))
    grid = np.linspace(-1, 1, 8, dtype=np.float32)
    slope = rng.normal(0, 0.04, 2)
    bend = rng.normal(0, 0.04)
    fall = 1 + slope[0] * grid[None] + slope[1] * grid[:, None] + bend * (grid[None] ** 2 + grid[:, None] ** 2)
    shade = cv2.resize(fall.astype(np.float32), (size, size))[..., None] * light.astype(np.float32)
    image = transmittance * shade
    if rng.random() < cameras:
        image = tint_lamp(image, rng)
    if rng.random() < cameras:
        image = add_vignette(image, rng)
    if rng.random() < cameras:
        image = add_rings(image, diameter, rng)
    if rng.random() < 0.35:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 0.045 * diameter)))
    if rng.random() < 0.25:
        small = max(int(size * rng.uniform(0.28, 0.8)), 8)
        image = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        image = cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.2:
        soft = cv2.GaussianBlur(image, (0, 0), 1.5)
        image = image + float(rng.uniform(0.3, 1.5)) * (image - soft)
    if rng.random() < cameras:
        image = sharpen(np.asarray(image, np.float32), rng)
    if rng.random() < 0.35:
        image = image + rng.standard_normal(image.shape, np.float32) * float(rng.uniform(1, 7))
    pixels = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        low = 12 if rng.random() < cameras else 35
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(low, 95))]
        pixels = np.asarray(cv2.imdecode(cv2.imencode(".jpg", pixels, quality)[1], cv2.IMREAD_COLOR), np.uint8)
    return pixels
