#!/bin/bash
# What nft -o makes of the rules, as files that nft -f reads: it takes long, and is no part of what a packet costs.
# Runs as root in a guest at native speed; scripts/bench calls it, with the files that it has made in
# build/bench/fw-files.
#
# Output, one line a file: optimized RULES LINES, of which some ask a set or a map
set -euo pipefail
cd "$(dirname "$0")/../../build/bench/fw-files"

ip netns add optimize
for rules; do
	ip netns exec optimize nft -o -f "$rules.linear" >/dev/null 2>&1 || continue
	ip netns exec optimize nft list table ip fw >"$rules.optimized"
	ip netns exec optimize nft delete table ip fw
	echo "optimized $rules $(grep -cE ' (accept|drop|return|vmap)' "$rules.optimized")"
done
