"""What is wrong with a data set, before anyone trains on it. Needs numpy and OpenCV only."""

from train.audit.audit import Audit, audit
from train.audit.effect import leak_effect, with_and_without
from train.audit.files import Files, inspect
from train.audit.findings import Findings, examine
from train.audit.fix import REASONS, reasons, write_list
from train.audit.leak import leaked
from train.audit.sheet import draw_sheet, write_sheet

__all__ = [
    "REASONS",
    "Audit",
    "Files",
    "Findings",
    "audit",
    "draw_sheet",
    "examine",
    "inspect",
    "leak_effect",
    "leaked",
    "reasons",
    "with_and_without",
    "write_list",
    "write_sheet",
]
