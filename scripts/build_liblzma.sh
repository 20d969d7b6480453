#!/bin/sh
# Builds src/formats/compress/xz/liblzma.wasm from the source of XZ Utils and scripts/liblzma.
#
#     scripts/build_liblzma.sh [ARCHIVE]
#
# Needs clang-14 and lld-14 (of Debian 12: with others the bytes may differ), and xz, tar and
# sha256sum; without an archive also curl. What is checked in was made so, byte for byte.
set -eu

version=5.8.1
digest=0b54f79df85912504de0b14aec7971e3f964491af1812d83447005807513cd9e
address=http://deb.debian.org/debian/pool/main/x/xz-utils/xz-utils_$version.orig.tar.xz

cd "$(dirname "$0")/.."
target=$PWD/src/formats/compress/xz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

archive=${1:-}
if [ -z "$archive" ]; then
  archive=$work/xz.tar.xz
  curl -fsSL -o "$archive" "$address"
fi
echo "$digest  $archive" | sha256sum --check --quiet
tar -xJf "$archive" -C "$work"
cp scripts/liblzma/coder.c "$work"
cp -r scripts/liblzma/include "$work"
# Relative paths, so that none of this machine gets into the result.
cd "$work"
liblzma=xz-$version/src/liblzma

defines="NDEBUG HAVE_STDINT_H HAVE_INTTYPES_H HAVE_STDBOOL_H HAVE__BOOL HAVE_STRING_H HAVE_LIMITS_H
  HAVE_VISIBILITY=0 SIZEOF_SIZE_T=4 TUKLIB_SYMBOL_PREFIX=lzma_ TUKLIB_FAST_UNALIGNED_ACCESS
  HAVE___BUILTIN_BSWAPXX HAVE_CHECK_CRC32 HAVE_DECODERS HAVE_ENCODERS HAVE_ENCODER_LZMA1
  HAVE_ENCODER_LZMA2 HAVE_MF_HC3 HAVE_MF_HC4 HAVE_MF_BT2 HAVE_MF_BT3 HAVE_MF_BT4"
for filter in LZMA1 LZMA2 X86 POWERPC IA64 ARM ARMTHUMB ARM64 SPARC RISCV DELTA; do
  defines="$defines HAVE_DECODER_$filter"
done

sources="
  common/common common/filter_common common/filter_decoder common/filter_encoder
  common/filter_flags_decoder common/vli_decoder check/crc32_fast
  lz/lz_decoder lz/lz_encoder lz/lz_encoder_mf
  lzma/lzma_decoder lzma/lzma2_decoder lzma/lzma_encoder lzma/lzma_encoder_optimum_fast
  lzma/lzma_encoder_optimum_normal lzma/lzma2_encoder lzma/lzma_encoder_presets
  lzma/fastpos_table rangecoder/price_table delta/delta_common delta/delta_decoder
  simple/simple_coder simple/simple_decoder simple/x86 simple/powerpc simple/ia64 simple/arm
  simple/armthumb simple/arm64 simple/sparc simple/riscv"

set -- coder.c
for source in $sources; do set -- "$@" "$liblzma/$source.c"; done
for define in $defines; do set -- "$@" "-D$define"; done
for room in common check lz lzma rangecoder delta simple; do set -- "$@" "-I$liblzma/$room"; done

# 160 MiB hold the largest dictionary (xz_block_header.ts) and everything else.
clang-14 --target=wasm32 -std=gnu11 -O3 -flto -nostdlib -fvisibility=hidden \
  -Wall -Wno-unused-function -Iinclude "-Ixz-$version/src/common" "-I$liblzma/api" "$@" \
  -fuse-ld="$(command -v wasm-ld-14)" -Wl,--no-entry,--gc-sections,--strip-all,--lto-O3 \
  -Wl,--max-memory=167772160 -Wl,-z,stack-size=32768 -o liblzma.wasm
chmod 644 liblzma.wasm
cp liblzma.wasm "$target/liblzma.wasm"
cp "xz-$version/COPYING.0BSD" "$target/liblzma.LICENSE"
sha256sum "$target/liblzma.wasm"
