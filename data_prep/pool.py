"""Chunks over processes; a worker whose parent is gone stops by itself."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

from .shards import Job, write_chunk


def run(
    job: Job, chunks: int, workers: int, progress: Callable[[str, int, int], None]
) -> Iterator[dict[str, Any]]:
    """Write all chunks and yield their reports in order."""
    if min(workers, chunks) <= 1:
        for chunk in range(chunks):
            progress("write", chunk, chunks)
            yield write_chunk(job, chunk)
        progress("write", chunks, chunks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, chunks), context, initializer=_follow_parent) as pool:
        futures = {pool.submit(write_chunk, job, chunk): chunk for chunk in range(chunks)}
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                progress("write", done, chunks)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        reports = {chunk: future.result() for future, chunk in futures.items()}
    for chunk in range(chunks):
        yield reports[chunk]


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
