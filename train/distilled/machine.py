"""The process made ready: Keras on PyTorch, threads, and memory that is kept."""

from __future__ import annotations

import ctypes
import os
import platform
from contextlib import suppress
from importlib.util import find_spec

from edge.errors import EX_UNAVAILABLE, EdgeError, UsageError
from edge.quiet import native_stderr_discarded

M_MMAP_MAX, M_TRIM_THRESHOLD = -4, -1  # of glibc's mallopt
LARGEST = 2**31 - 1


class MissingTorchError(EdgeError, ImportError):
    """PyTorch, which this route alone needs, is not installed."""

    exit_code = EX_UNAVAILABLE


def prepare(threads: int) -> None:
    """Choose Keras' backend, the threads and the processor; before any of them is imported.

    Args:
        threads: 0 for all cores that this process may use.

    Raises:
        UsageError: a number of threads below 0.
        MissingTorchError: PyTorch is not installed.
    """
    if threads < 0:
        raise UsageError(f"--threads {threads}: must be 0 or more")
    if find_spec("torch") is None:
        raise MissingTorchError(
            "PyTorch is not installed; the build for CPUs is enough: pip install torch --index-url "
            "https://download.pytorch.org/whl/cpu"
        )
    os.environ["KERAS_BACKEND"] = "torch"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # Keras would send the faces there, and this stays here
    from train.denormals import flush_denormals

    flush_denormals()
    keep_memory()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with native_stderr_discarded(), suppress(ImportError):
        import tensorflow  # noqa: F401  # Keras does, too, where it finds it; and it talks
    import torch

    torch.set_num_threads(threads or _cores())


def _cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def keep_memory() -> bool:
    """Have glibc keep freed memory instead of giving it back; True where it does.

    Every step frees and takes the same large maps, and the kernel would empty each page anew,
    which is a tenth of the time.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return bool(libc.mallopt(M_MMAP_MAX, 0) and libc.mallopt(M_TRIM_THRESHOLD, LARGEST))
