"""Where the demonstration plays: districts of south-western Bangladesh and upazilas of theirs, as codes."""

from __future__ import annotations

from typing import Final

UPAZILAS: Final[dict[str, tuple[str, ...]]] = {
    "jashore": ("sharsha", "jhikargachha", "keshabpur", "chaugachha", "abhaynagar", "manirampur"),
    "satkhira": ("kalaroa", "tala", "debhata", "kaliganj", "shyamnagar", "assasuni"),
    "khulna": ("paikgachha", "dumuria", "koyra", "dacope", "batiaghata"),
    "narail": ("lohagara", "kalia"),
    "magura": ("shalikha", "mohammadpur", "sreepur"),
    "jhenaidah": ("maheshpur", "kotchandpur", "kaliganj-jhenaidah", "shailkupa"),
    "bagerhat": ("mongla", "rampal", "morrelganj", "fakirhat"),
    "kushtia": ("daulatpur", "bheramara", "mirpur", "kumarkhali"),
    "chuadanga": ("damurhuda", "jibannagar", "alamdanga"),
    "meherpur": ("gangni", "mujibnagar"),
}

Place = tuple[str, str]
"""District and upazila."""

PLACES: Final[tuple[Place, ...]] = tuple((district, upazila) for district, of in UPAZILAS.items() for upazila in of)
