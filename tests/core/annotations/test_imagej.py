"""Markers and regions of ImageJ."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from roifile import ROI_OPTIONS, ROI_TYPE, ImagejRoi

from tests.core.annotations.annotation_builders import one, put

if TYPE_CHECKING:
    from pathlib import Path


from tests.core.annotations.tool_builders import BOX, SQUARE, read


def test_markers_of_the_cell_counter_are_points(tmp_path: Path):
    text = """<?xml version="1.0" encoding="UTF-8"?>
<CellCounter_Marker_File>
 <Image_Properties><Image_Filename>a.jpg</Image_Filename>
   <X_Calibration>1.0</X_Calibration><Y_Calibration>1.0</Y_Calibration><Calibration_Unit>pixel</Calibration_Unit>
 </Image_Properties>
 <Marker_Data>
   <Current_Type>2</Current_Type>
   <Marker_Type><Type>1</Type><Name>RBC</Name>
     <Marker><MarkerX>60</MarkerX><MarkerY>55</MarkerY><MarkerZ>1</MarkerZ></Marker>
     <Marker><MarkerX>300</MarkerX><MarkerY>x</MarkerY><MarkerZ>1</MarkerZ></Marker></Marker_Type>
   <Marker_Type><Type>2</Type>
     <Marker><MarkerX>100</MarkerX><MarkerY>200</MarkerY><MarkerZ>1</MarkerZ></Marker></Marker_Type>
   <Marker_Type><Type>3</Type></Marker_Type>
 </Marker_Data>
</CellCounter_Marker_File>"""
    found = read(put(tmp_path / "CellCounter_a.xml", text))
    (image,) = found.images
    assert image.points
    assert image.names == ("RBC", "Type 2")
    assert image.boxes.tolist() == [[50, 45, 70, 65], [90, 190, 110, 210]]
    (notice,) = found.notices
    assert "marker 2 of RBC has a coordinate that is not a number" in notice
    nameless = text.replace("<Image_Filename>a.jpg</Image_Filename>", "")
    assert read(put(tmp_path / "CellCounter_a.xml", nameless)).images[0].file_name == "a"


def roi(kind: ROI_TYPE, name: str, **more: Any) -> ImagejRoi:
    values: dict[str, Any] = {"left": 10, "top": 20, "right": 110, "bottom": 90}
    return ImagejRoi(roitype=kind, name=name, **values, **more)


def rois(path: Path, *regions: ImagejRoi) -> Path:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for place, region in enumerate(regions):
            archive.writestr(f"{place:04}-{region.name}.roi", region.tobytes())
    return put(path, stream.getvalue())


def outlined(name: str) -> ImagejRoi:
    region = ImagejRoi.frompoints(np.array(SQUARE, np.float32))
    region.roitype, region.name = ROI_TYPE.POLYGON, name
    return region


@pytest.mark.parametrize("name", ["RoiSet_a.zip", "a_RoiSet.zip", "a.zip", "a.jpg.zip"])
def test_regions_of_imagej_are_read(tmp_path: Path, name: str):
    regions = [
        roi(ROI_TYPE.RECT, "RBC"),
        roi(ROI_TYPE.OVAL, "WBC-2"),
        outlined("rbc_0003"),
        roi(ROI_TYPE.OVAL, "0123-0456", group=2),
        outlined("0123-0456"),
    ]
    image = one(read(rois(tmp_path / name, *regions)))
    assert image.names == ("RBC", "WBC", "RBC", "group 2", "ROI")
    np.testing.assert_allclose(image.boxes, [BOX] * 5)
    assert image.contours is not None
    assert [len(contour) for contour in image.contours] == [0, 0, 4, 0, 4]
    assert one(read(put(tmp_path / "a.roi", regions[0].tobytes()))).boxes.tolist() == [BOX]


def test_multi_point_regions_are_points(tmp_path: Path):
    region = ImagejRoi.frompoints(np.array([(60, 55), (100, 200)], np.float32))
    region.roitype, region.name = ROI_TYPE.POINT, "RBC"
    image = one(read(rois(tmp_path / "a.zip", region)))
    assert image.points
    assert image.boxes.tolist() == [[50, 45, 70, 65], [90, 190, 110, 210]]


def test_regions_between_pixels_keep_their_fractions(tmp_path: Path):
    region = roi(ROI_TYPE.OVAL, "RBC", options=ROI_OPTIONS.SUB_PIXEL_RESOLUTION, version=227)
    region.xd, region.yd, region.widthd, region.heightd = 10.25, 20.5, 99.5, 69.25
    np.testing.assert_allclose(one(read(rois(tmp_path / "a.zip", region))).boxes, [[10.25, 20.5, 109.75, 89.75]])


def test_what_is_no_region_is_told(tmp_path: Path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.roi", roi(ROI_TYPE.RECT, "RBC").tobytes())
        archive.writestr("b.roi", roi(ROI_TYPE.RECT, "RBC").tobytes()[:40])
        archive.writestr("c.roi", b"Iout" + bytes(range(256)))
        archive.writestr("d.roi", roi(ROI_TYPE.LINE, "RBC").tobytes())
    found = read(put(tmp_path / "a.zip", stream.getvalue()))
    assert found.images[0].boxes.tolist() == [BOX]
    assert found.images[0].refused == 3
    assert any("region b is damaged" in notice for notice in found.notices)
    assert any("region d is a line, which is no cell" in notice for notice in found.notices)


def test_archives_that_are_none_are_told(tmp_path: Path):
    whole = rois(tmp_path / "a.zip", *[roi(ROI_TYPE.RECT, "RBC")] * 3).read_bytes()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.roi", b"Iout" + bytes(30 * 2**20))
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("annotations.xml", "<annotations/>")
    for data, said in (
        (whole[: len(whole) // 2], "the archive is damaged"),
        (stream.getvalue(), "larger than cells can be"),
        (other.getvalue(), "no regions of ImageJ in it; unpack it"),
        (b"PK\x03\x04" + bytes(100), "the archive is damaged"),
    ):
        (notice,) = read(put(tmp_path / "a.zip", data)).notices
        assert said in notice
