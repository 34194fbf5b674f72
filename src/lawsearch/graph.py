"""A model as an int8 graph: exported once from the reference, then run by onnxruntime, without torch.

Matrix products are done in integers, with one scale for each output channel of the weights. The weights have 7 bits:
with 8, processors without VNNI saturate where they add two products, and would give other vectors than those with it.
Products whose activations hold a few values far beyond all others stay in float32: one scale for all of them would
leave the others no digits (Dettmers et al. 2022, LLM.int8). Every text is run alone, as many at once as there are
threads: nothing is padded, and the scale of its activations, which onnxruntime takes from the whole batch, never
depends on what else is being embedded.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import re
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from lawsearch.errors import ModelError

#: Counts up where graphs are made otherwise: theirs are other vectors, so it is part of a model's name.
RECIPE = 3
#: Lowest cosine to the reference, over ``PROBES``, with which a graph is taken.
AGREEMENT = 0.95
#: How many times their root mean square the largest activation may be, over ``PROBES``, for a product in integers.
OUTLIER = 100.0
#: Processors, by the names that systems give them, on which integers are faster than float32.
PROCESSORS = ("x86_64", "amd64", "arm64", "aarch64")
#: What a new graph is tried on.
PROBES = (
    "A keeper must light every lamp at dusk.",
    "The Authority may, by notice in writing, require any person to furnish information within 14 days; a person who "
    "fails to do so commits an offence and is liable on conviction to a fine.",
    "Setiap orang berhak atas pelindungan data pribadi.",
    "บุคคลย่อมมีสิทธิขอเข้าถึงข้อมูลของตน",
    "Tổ chức phải thông báo vi phạm trong thời hạn 72 giờ.",
)


def missing() -> list[str]:
    """The packages that graphs need and that are not installed."""
    return [name for name in ("onnxruntime", "onnx") if not find_spec(name)]


def runs_here() -> bool:
    """Whether graphs can be had: by what is installed, and by a processor that integers are faster on."""
    return platform.machine().lower() in PROCESSORS and not missing()


class Graph:
    """A graph with its tokenizer. ``room`` is how many tokens of a text it takes, ``dimensions`` the length of its
    vectors. Safe to use from several threads."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Open what ``convert`` wrote into ``folder``. Raises ModelError."""
        import onnxruntime
        from tokenizers import Tokenizer

        # On Windows it reports to its maker that it is used.
        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        # One thread a text. Without an arena, a long text leaves no memory behind.
        options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        try:
            facts = json.loads((folder / "facts.json").read_text("utf-8"))
            self.dimensions, self._limit = int(facts["dimensions"]), int(facts["tokens"])
            # The one is read outside of Python's lock, the other inside.
            with ThreadPoolExecutor(1) as pool:
                session = pool.submit(
                    onnxruntime.InferenceSession, folder / "model.onnx", options, ["CPUExecutionProvider"]
                )
                self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
                self._session = session.result()
        # The libraries raise plain Exception subclasses of their own.
        except Exception as error:
            raise ModelError(f"{folder} cannot be opened: {error}", "Remove the folder; it is made again") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        marks = self._tokenizer.encode("a").special_tokens_mask
        #: How many of the special tokens stand at the end.
        self._ends = marks[::-1].index(0)
        self.room = self._limit - sum(marks)
        self._pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, "lawsearch-embedding")

    def spans(self, text: str) -> Sequence[tuple[int, int]]:
        """Where the tokens of a text begin and end."""
        return self._tokenizer.encode(text, add_special_tokens=False).offsets

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors, one a text; what is beyond the model's window is cut off."""
        return np.stack(list(self._pool.map(self._vector, texts)))

    def _vector(self, text: str) -> np.ndarray:
        ids = self._tokenizer.encode(text).ids
        if len(ids) > self._limit:
            ids = ids[: self._limit - self._ends] + ids[len(ids) - self._ends :]
        (vectors,) = self._session.run(None, {"ids": np.array([ids], np.int64)})
        return vectors[0]


def convert(model: Any, folder: Path) -> None:
    """Write the sentence-transformers ``model`` as an int8 graph with its tokenizer into ``folder``.

    Raises ModelError where it cannot be exported, or where the graph does not agree with it.
    """
    try:
        _export(model, folder)
    # Whatever an exporter cannot do it says by exceptions of many kinds.
    except Exception as error:
        raise ModelError(
            f"the model cannot be made into an int8 graph: {error}", 'Set precision = "float32"'
        ) from error
    found = Graph(folder, 1).vectors(PROBES)
    worst = float((found * model.encode(list(PROBES), normalize_embeddings=True)).sum(axis=1).min())
    if not worst >= AGREEMENT:
        raise ModelError(
            f"as an int8 graph the model gives other vectors (cosine {worst:.3f})", 'Set precision = "float32"'
        )


def _silent(_record: logging.LogRecord) -> bool:
    """Keeps the advice of the quantiser, which logs to the root, from people who can do nothing about it."""
    return False


def _outliers(model: Any) -> list[str]:
    """The layers of a model whose activations have outliers, by their names in the graph."""
    import torch

    largest: dict[str, float] = {}

    def watched(name: str) -> Any:
        def hook(_module: Any, given: tuple[Any, ...]) -> None:
            ratio = float(given[0].abs().max() / given[0].square().mean().sqrt())
            largest[name] = max(largest.get(name, 0.0), ratio)

        return hook

    layers = [(n, m) for n, m in model[0].auto_model.named_modules() if isinstance(m, torch.nn.Linear)]
    hooks = [module.register_forward_pre_hook(watched(name)) for name, module in layers]
    try:
        model.encode(list(PROBES))
    finally:
        for hook in hooks:
            hook.remove()
    return ["/" + re.sub(r"\.(?!\d)", "/", name) + "/" for name, ratio in largest.items() if ratio > OUTLIER]


def _export(model: Any, folder: Path) -> None:
    import onnx
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    outliers = _outliers(model)

    class Whole(torch.nn.Module):
        """Tokens of one text to its unit vector, by all modules of the model; without a mask, for nothing is padded."""

        def __init__(self) -> None:
            super().__init__()
            self.transformer, *others = model
            self.others = torch.nn.ModuleList(others)

        def forward(self, ids: Any) -> Any:
            tokens = self.transformer.auto_model(input_ids=ids).last_hidden_state
            found = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_embeddings": tokens}
            for module in self.others:
                found = module(found)
            return torch.nn.functional.normalize(found["sentence_embedding"])

    # Written out, attention is half the steps that it is as one of torch's own functions.
    model[0].auto_model.set_attn_implementation("eager")
    plain, ids = folder / "float32.onnx", torch.tensor([model.tokenizer(PROBES[0])["input_ids"]])
    with warnings.catch_warnings():
        # The exporter that needs no further packages warns that it is the older one, and of every shape it traces.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Whole().eval(), (ids,), str(plain), input_names=["ids"], output_names=["vector"],
            dynamic_axes={"ids": {1: "tokens"}}, opset_version=17, dynamo=False,
        )  # fmt: skip
        named = [node.name for node in onnx.load(plain).graph.node if node.op_type == "MatMul"]
        logging.root.addFilter(_silent)
        try:
            quantize_dynamic(
                plain, folder / "model.onnx", per_channel=True, reduce_range=True, weight_type=QuantType.QInt8,
                nodes_to_exclude=[name for name in named if any(layer in name for layer in outliers)],
            )  # fmt: skip
        finally:
            logging.root.removeFilter(_silent)
    plain.unlink()
    model.tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    facts = {"tokens": int(model.max_seq_length or 512), "dimensions": int(model.get_embedding_dimension())}
    (folder / "facts.json").write_text(json.dumps(facts), "utf-8")
