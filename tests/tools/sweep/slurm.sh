#!/usr/bin/env bash
# slurm.sh: a sweep through Slurm: two nodes of different features, a task requeued, a worker killed.
#
# A controller and two node daemons of its own run on the loopback interface, with their own munge, all in one
# directory and gone at the end.  Both nodes are this machine: what a feature stands for is only its name.
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by traps and by name
. "$(dirname "$0")/lib.bash"

skip() {
    echo "skipped: $*"
    exit 77
}
for program in slurmctld slurmd sbatch squeue scontrol scancel munged; do
    PATH=$PATH:/usr/sbin command -v $program >/dev/null || skip "$program is not installed (scripts/deps.sh --test)"
done
[ "$(id -u)" -eq 0 ] || skip "slurmd wants to be root"
[ "$(uname -m)" = x86_64 ] || skip "two classes of CPU are needed that one machine has: x86-64"
PATH=$PATH:/usr/sbin

# ---- a cluster -------------------------------------------------------------------------------
chmod 755 "$here"
mkdir -p etc state spool-n1 spool-n2 log munge
chmod 700 munge
head -c 1024 /dev/urandom >munge/key
chmod 600 munge/key
chmod 711 "$here"
base=$((20000 + $$ % 10000))
cat >etc/slurm.conf <<CONF
ClusterName=dcngen
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$base
SlurmUser=root
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket=$here/munge/socket,cred_expire=5
StateSaveLocation=$here/state
SlurmdSpoolDir=$here/spool-%n
SlurmctldPidFile=$here/slurmctld.pid
SlurmdPidFile=$here/slurmd-%n.pid
SlurmctldLogFile=$here/log/slurmctld.txt
SlurmdLogFile=$here/log/slurmd-%n.txt
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/builtin
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SwitchType=switch/none
KillWait=2
MinJobAge=300
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=1,sched_interval=1,sched_min_interval=100000
NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port=$((base + 1)) CPUs=1 RealMemory=100 Feature=sse4.2
NodeName=n2 NodeHostname=localhost NodeAddr=127.0.0.1 Port=$((base + 2)) CPUs=1 RealMemory=100 Feature=avx2
PartitionName=all Nodes=n1,n2 Default=YES State=UP
CONF
export SLURM_CONF=$here/etc/slurm.conf

daemons=()
stop_cluster() {
    [ ${#daemons[@]} -eq 0 ] || kill "${daemons[@]}" 2>/dev/null
    for _ in $(seq 30); do
        kill -0 "${daemons[@]}" 2>/dev/null || break
        sleep 0.1
    done
    [ ${#daemons[@]} -eq 0 ] || kill -9 "${daemons[@]}" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$here"
}
trap stop_cluster EXIT

start() { # PROGRAM OPTION...: in the foreground, as a child of this script
    "$@" >>log/start.txt 2>&1 &
    daemons+=($!)
}
start munged -F --force --key-file="$here/munge/key" --socket="$here/munge/socket" --pid-file="$here/munge/pid" \
    --log-file="$here/munge/log" --seed-file="$here/munge/seed"
for _ in $(seq 50); do [ -S munge/socket ] || sleep 0.1; done
[ -S munge/socket ] || { cat log/start.txt munge/log; exit 1; }
start slurmctld -D -c
start slurmd -D -N n1
start slurmd -D -N n2

soon() { # SECONDS WHAT...: until it is so
    local rounds=$(($1 * 5))
    shift
    for _ in $(seq "$rounds"); do
        "$@" && return 0
        sleep 0.2
    done
    return 1
}
both_idle() { [ "$(sinfo -h -o %T -N 2>/dev/null | sort -u)" = idle ]; }
soon 20 both_idle || { sinfo -N -l; tail -5 log/*.txt; echo "FAILED: the cluster does not start"; exit 1; }

export DCNGEN=$DCNGEN_BIN

# ---- an array for each target, spread over both nodes ------------------------------------------
tiny
works sweep plan --slurm sweep --target x86-64-v2,x86-64-v3 --trials 2 tiny.lua
same "submitted" 2 "$(sh sweep/submit.sh | grep -c '^Submitted batch job')"
no_jobs() { [ -z "$(squeue -h 2>/dev/null)" ]; }
same "all tasks end" 0 "$(soon 100 no_jobs; echo $?)"
call sweep status --plan sweep/plan.jsonl sweep/db/*.db
same "all items are done" "0||4" "$code|$err|$(count all "done")"
[ "$code" -eq 0 ] || cat sweep/log/* log/slurmctld.txt
nodes() { # TARGET: the nodes that its tasks ran on
    scontrol -o show job 2>/dev/null | sed -nE "s/.* JobName=dcngen-[0-9]-$1-t1 .* NodeList=([^ ]+) .*/\1/p" | sort -u
}
same "the lesser target ran where it may" n1 "$(nodes x86-64-v2)"
same "the other one on the other node" n2 "$(nodes x86-64-v3)"
works sweep collect --plan sweep/plan.jsonl -o merged.db sweep/db/*.db
same "collected" 4 "$(count all "done")"
sh sweep/submit.sh >/dev/null
same "submitted again" 0 "$(soon 60 no_jobs; echo $?)"
same "nothing is done twice" 4 "$(cat sweep/log/*.txt | grep -c ': done before')"

# ---- killed, submitted again, requeued: each time it goes on -----------------------------------
# So many candidates that some are left for each of three runs, however quick the machine is.
works sweep plan --slurm long --target x86-64-v3 --trials 40 --kernel a tiny.lua
id=$(sed -E 's/.*"id":"([0-9a-f]+)".*/\1/' long/plan.jsonl)
mkdir seen && ln -s "$here/long/db/$id.db" seen/store.db
records() {
    DCNGEN_CACHE_DIR=$here/seen DCNGEN_CACHE=ro "$DCNGEN_BIN" cache export 2>/dev/null
}
has_records() { [ "$(records | wc -l)" -ge "$1" ]; }
worker() { pgrep -o -f -- "sweep worker --plan $here/long/plan.jsonl"; }
same "submitted" 0 "$(sh long/submit.sh >/dev/null; echo $?)"
same "some candidates were tried" 0 "$(soon 60 has_records 3; echo $?)"
kill -9 "$(worker)"
same "the task is gone with its worker" 0 "$(soon 30 no_jobs; echo $?)"
before=$(records | wc -l)
call sweep status --plan long/plan.jsonl long/db/*.db
same "a killed worker loses nothing" "1|1 yes" "$code|$(count all missing) $([ "$before" -ge 3 ] && echo yes)"

sh long/submit.sh >/dev/null
same "it goes on" 0 "$(soon 60 has_records $((before + 2)); echo $?)"
scontrol requeue "$(squeue -h -o %A | head -1)"
same "to the end, from the queue" 0 "$(soon 100 no_jobs; echo $?)"
call sweep status --plan long/plan.jsonl long/db/*.db
same "done" "0|1" "$code|$(count all "done")"
[ "$code" -eq 0 ] || cat long/log/* log/slurmctld.txt
same "the worker was asked to stop, and did" 1 "$(cat long/log/*.txt | grep -c ': stopped$')"
runs=$(records | sed -nE 's/.*"run":([0-9]+).*/\1/p' | sort | uniq -c)
same "what was found in each of three runs is there" 3 "$(wc -l <<<"$runs")"
finish
