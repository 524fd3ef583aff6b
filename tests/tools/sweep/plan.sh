#!/usr/bin/env bash
# plan.sh: `sweep plan`: the same items whoever plans them; what is wrong use.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
tiny

# ---- kernels x targets x threads x offsets; one kernel reads no offsets
works sweep plan --target haswell,znver4 --threads 1,4 --offsets zero,normal:2 tiny.lua
same "items" 12 "$(wc -l <<<"$out")"
first=$out
works sweep plan --target haswell,znver4 --threads 1,4 --offsets zero,2 -o plan.jsonl tiny.lua tiny.lua
same "the same plan again, from elsewhere" "$first" "$(cat plan.jsonl)"
same "what -o says" "12 items" "$out"
same "ids differ" 12 "$(sed -E 's/.*"id":"([0-9a-f]+)".*/\1/' plan.jsonl | sort -u | wc -l)"
works sweep plan --target znver4,haswell --threads 4,1 --offsets normal:2,zero tiny.lua
same "in another order" "$(sort plan.jsonl)" "$(sort <<<"$out")"
works sweep plan --target haswell --kernel b --trials 3 tiny.lua
same "one kernel" 1 "$(wc -l <<<"$out")"
works sweep plan tiny.lua --kernel a
same "native on one thread" "native 1" "$(sed -nE 's/.*"target":"(\w+)".*"threads":([0-9]+).*/\1 \2/p' <<<"$out")"

works sweep plan -mcpu=haswell tiny.lua
byname=$out
works sweep plan --target haswell tiny.lua
same "-mcpu is --target" "$out" "$byname"
works sweep plan --target haswell,znver4 --schedule "direct oc_block=1" tiny.lua
same "--schedule is in every item" 4 "$(grep -c '"schedule":"direct oc_block=1"' <<<"$out")"
same "and makes other items of them" 0 "$(grep -cFf <(sed -nE 's/.*"id":"([0-9a-f]+)".*/\1/p' <<<"$out") <<<"$byname")"

# ---- the layers of known networks
works sweep plan --canonical --target haswell -o canonical.jsonl
same "many" yes "$([ "$(wc -l <canonical.jsonl)" -ge 80 ] && echo yes)"
works sweep plan --canonical -D kind=internimage --target haswell
same "DCNv3 and DCNv4" yes "$(grep -q 'return dcnv4' <<<"$out" && ! grep -q 'return deform' <<<"$out" && echo yes)"

# ---- job arrays
works sweep plan --target haswell,neoverse-n1 --threads 1,2 --time 30 --slurm jobs tiny.lua
same "the plan" 8 "$(wc -l <jobs/plan.jsonl)"
same "scripts" "1-haswell-t1.sbatch 2-haswell-t2.sbatch 3-neoverse-n1-t1.sbatch 4-neoverse-n1-t2.sbatch submit.sh" \
    "$(cd jobs && echo *.sbatch *.sh)"
script=$(cat jobs/2-haswell-t2.sbatch)
for line in array=1-2 constraint=avx2 cpus-per-task=2 requeue signal=B:TERM@30; do
    same "--$line" yes "$(grep -qx "#SBATCH --$line" <<<"$script" && echo yes)"
done
same "--constraint of another architecture" yes "$(grep -q 'constraint=neon$' jobs/3*.sbatch && echo yes)"
same "each item in one array" "$(sed -E 's/.*"id":"([0-9a-f]+)".*/\1/' jobs/plan.jsonl | sort)" "$(sort jobs/*.items)"
for script in jobs/*.sbatch jobs/submit.sh; do
    same "$script is a script" "" "$(sh -n "$script" 2>&1)"
done
mkdir 'a b'
expect 2 "dcngen: --slurm $(realpath 'a b'): sbatch scripts need a path without spaces and quotes" \
    sweep plan --slurm 'a b' tiny.lua
expect 4 "dcngen: cannot create no/where: No such file or directory" sweep plan --slurm no/where tiny.lua

# ---- wrong use
expect 2 "dcngen: sweep needs WHAT; 'dcngen help sweep' says more" sweep
expect 2 "dcngen: sweep 'plane' is not one of plan, worker, status, collect (did you mean 'plan'?)" sweep plane
expect 2 "dcngen: sweep plan needs SPEC.lua or --canonical" sweep plan
expect 2 "dcngen: sweep plan has no option '--db'" sweep plan --db x tiny.lua
expect 2 "dcngen: --effort estimate measures nothing: \`sweep worker --estimate\` ranks what cannot be measured" \
    sweep plan --effort estimate tiny.lua
expect 2 "dcngen: --threads '0' is not a number from 1 to 1024" sweep plan --threads 1,0 tiny.lua
expect 2 "dcngen: --threads '' is not a number from 1 to 1024" sweep plan --threads 1,,2 tiny.lua
expect 2 "dcngen: --offsets 'much' is not zero, normal:S or S with 0 <= S <= 1e6, or FILE.npy" \
    sweep plan --offsets zero,much tiny.lua
expect 2 "dcngen: --target ',haswell' has an empty name" sweep plan --target ,haswell tiny.lua
expect 4 'dcngen: unknown CPU "haswel" (did you mean "haswell"?)' sweep plan --target znver4,haswel tiny.lua
expect 2 "dcngen: --target haswell and -mcpu=znver4 contradict each other" \
    sweep plan --target haswell -mcpu=znver4 tiny.lua
call sweep plan --target haswell --schedule "direct oc_block=3" tiny.lua
same "a schedule that no kernel takes: exit code" 2 "$code"
same "a schedule that no kernel takes: whose" yes "$([[ $err == "dcngen: kernel 'a' for haswell: "*oc_block* ]] && echo yes)"
same "a plan that is refused is not written" no "$([ -e p ] && echo yes || echo no)"
finish
