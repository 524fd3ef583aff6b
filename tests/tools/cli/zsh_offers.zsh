# zsh_offers.zsh SCRIPT LINE: what zsh offers at the end of LINE when SCRIPT completes it.
#
# An interactive zsh on a terminal of its own, whose compadd also writes down what it is given.
# SPDX-License-Identifier: Apache-2.0
zmodload zsh/zpty
offered=$(mktemp)
zpty z zsh -f -i
zpty -w z "autoload -U compinit; compinit -D -u; source ${(q)1}; offered=$offered"
zpty -w z 'compadd() {
    if (( ! ${@[(I)-[OAD]]} )) {
        local -a hits; builtin compadd -A hits "$@"; print -rl -- $hits >>$offered
    }
    builtin compadd "$@"
}'
# What comes before the line editor has the terminal is the terminal's to edit: there \x15 takes back the line.
zpty -w z "bindkey -e; zle-line-init() { print re''ady }; zle -N zle-line-init"
zpty -r -m z seen '*ready*'
zpty -w -n z "$2"$'\t\x15'
zpty -w z "print do''ne"
zpty -r -m z seen '*done*'
zpty -d z
cat $offered
rm $offered
