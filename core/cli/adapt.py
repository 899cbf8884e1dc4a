"""The laboratory's profile: made from corrected fields by ``smearcount-count adapt SESSION``, and read to count by."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from rich.console import Console

from core.cli.console import EXIT_GOOD, EXIT_SOME_FAILED, error_console, to_terminal
from core.files import write_error_text
from core.report.gather import Gatherer
from core.report.tables import Table
from core.session.session import Session
from core.text import gettext
from core.verification.profile import (
    Profile,
    ProfileError,
    ProfileInUse,
    adapt,
    check_classes,
    open_profile,
    steady_diameter,
    write_profile,
)

if TYPE_CHECKING:
    import argparse

    from core.detection.loading import AnyModel
    from core.verification.profile import Adaptation


def adapt_session(arguments: argparse.Namespace) -> int:
    """Write the profile of a laboratory whose fields were corrected; return the exit code.

    Raises
    ------
    SessionError
        If the session cannot be read.
    ProfileError
        If its fields were counted by several models, or by none.
    """
    path, target = arguments.paths[0], arguments.profile
    with Session.open(path, read_only=True) as session:
        gatherer = Gatherer(session, None)
        images = [image for image in map(gatherer.add, gatherer.on_list) if image.counted is not None]
        models = {image.model_sha256 for image in images}
        if len(models) != 1:
            text = gettext("{path}: its images were not counted by one model; count all of them with one first.")
            raise ProfileError(text.format(path=path))
        model = models.pop()
        card = session.models.card(model)
    found = adapt(gatherer.by_model, gatherer.classes, gatherer.settings)
    profile = Profile(
        name=arguments.name or path.stem,
        model_name=card.name if card else "",
        model_sha256=model,
        thresholds=dict(found.settings.thresholds),
        nms_iou=found.settings.nms_iou,
        edge_rule=found.settings.edge_rule,
        red_cell_diameter=steady_diameter([image.counted.found.diameter for image in images if image.counted]),
        user=getpass.getuser(),
        adapted=found.adapted,
    )
    try:
        write_profile(target, profile)
    except OSError as error:
        error_console().print(write_error_text(target, error), style="red", markup=False)
        return EXIT_SOME_FAILED
    if not arguments.quiet:
        Console(soft_wrap=True).print(to_terminal(_table(profile, found)))
    return EXIT_GOOD


def profile_of(arguments: argparse.Namespace, model: AnyModel) -> ProfileInUse | None:
    """Return the laboratory's profile to count with, None if none is given.

    Raises
    ------
    ProfileError
        If it cannot be read, or was made for another model.
    """
    if arguments.profile is None:
        return None
    used = open_profile(arguments.profile)
    if used.profile.model_sha256 != model.sha256:
        text = gettext(
            "{path}: it was made for the model {made_for}, and not for {model}; name that model with --model, "
            "or make the profile again."
        )
        own, made_for = model.card.name, used.profile.model_name
        raise ProfileError(text.format(path=arguments.profile, made_for=made_for, model=own))
    check_classes(arguments.profile, used.profile, model.card.classes)
    return used


def _table(profile: Profile, found: Adaptation) -> Table:
    rows: list[list[str | int | float]] = []
    for name, threshold in profile.thresholds.items():
        adapted = found.adapted.get(name)
        if adapted is None:
            rows.append([name, f"{threshold:.2f}", gettext("kept: {reason}").format(reason=found.kept[name])])
            continue
        text = gettext("was {before:.2f}; {fields} fields, each counted at what is best for the others")
        accuracy = f"; {adapted.before:.1%} → {adapted.accuracy:.1%}" if adapted.before and adapted.accuracy else ""
        rows.append(
            [
                name,
                f"{threshold:.2f}",
                text.format(before=adapted.threshold_before, fields=adapted.fields) + accuracy,
            ]
        )
    size = profile.red_cell_diameter
    caption = gettext("Red cells are {size:.0f} pixels wide.").format(size=size) if size else ""
    return Table(
        gettext("Profile"), [gettext("Class"), gettext("Threshold"), gettext("Why")], rows, "lrl", caption=caption
    )
