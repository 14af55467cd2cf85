"""Recordings for tests, made when they are needed: tones and silence, in every format that can be written here."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]

FORMATS = {
    # ending → (container, codec, sample rate)
    ".wav": ("wav", "pcm_s16le", 8_000),
    ".mp3": ("mp3", "mp3", 16_000),
    ".m4a": ("mp4", "aac", 16_000),
    ".ogg": ("ogg", "libopus", 16_000),
    ".opus": ("ogg", "libopus", 48_000),
    ".flac": ("flac", "flac", 16_000),
    ".webm": ("webm", "libopus", 48_000),
    ".aac": ("adts", "aac", 16_000),
    ".aiff": ("aiff", "pcm_s16be", 8_000),
    ".wma": ("asf", "wmav2", 16_000),
}


def tone(seconds: float, rate: int = 8_000, *, hertz: float = 440.0, loud: float = 0.5) -> Sound:
    return loud * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def silence(seconds: float, rate: int = 8_000) -> Sound:
    return np.zeros(round(seconds * rate))


def turns(seconds: float, rate: int = 8_000, *, turn: float = 3.0) -> tuple[Sound, Sound]:
    """Two speakers who take turns of `turn` seconds: the first begins."""
    first = np.arange(round(seconds * rate)) // round(turn * rate) % 2 == 0
    return tone(seconds, rate, hertz=300) * first, tone(seconds, rate, hertz=500) * ~first


def wav_bytes(
    *sides: Sound,
    rate: int = 8_000,
    bits: int = 16,
    form: int = 1,
    promised: int | None = None,
    extra: bytes = b"",
) -> bytes:
    """A wav file. `promised`: what its header says of the length of the samples, in place of the truth."""
    block = len(sides) * bits // 8
    mixed = np.stack(sides, axis=1).ravel()
    if form == 3:
        data = mixed.astype("<f4" if bits == 32 else "<f8").tobytes()
    elif form in (6, 7):
        data = bytes((np.abs(mixed) * 200).astype(np.uint8) | 1)  # any bytes: nobody listens to them
    elif bits == 8:
        data = ((mixed * 127) + 128).astype(np.uint8).tobytes()
    else:
        whole = (mixed * (2 ** (bits - 1) - 1)).astype("<i8")
        data = whole.view(np.uint8).reshape(-1, 8)[:, : bits // 8].tobytes()
    fmt = struct.pack("<HHIIHH", form, len(sides), rate, rate * block, block, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + extra
    body += b"data" + struct.pack("<I", len(data) if promised is None else promised) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def encoded(ending: str, sides: Sequence[Sound], rate: int) -> bytes:
    """A file of the format that goes with an ending, at `FORMATS[ending]`'s rate."""
    import av

    container_name, codec, expected = FORMATS[ending]
    assert rate == expected
    file = io.BytesIO()
    with av.open(file, "w", format=container_name) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono" if len(sides) == 1 else "stereo")
        if codec == "wmav2":
            stream.bit_rate = 64_000
        data = (np.stack(sides, axis=1) * 32_767).astype(np.int16).reshape(1, -1)
        for start in range(0, data.shape[1], 2_048 * len(sides)):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(data[:, start : start + 2_048 * len(sides)]),
                format="s16",
                layout=stream.layout.name,
            )
            frame.sample_rate = rate
            frame.pts = start // len(sides)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
