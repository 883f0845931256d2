#!/bin/sh
# layering.sh NM README OBJECT... - fails if a file of the glue calls one that is on a floor above its own, or if files call
# each other in a circle. The floors are the rows of the table in README's section "Floors", from the ground up; the names
# in backquotes in a row's second column are the files on it. The calls are found by what the objects define and leave undefined.
set -eu
nm=$1 readme=$2
shift 2
symbols=$("$nm" -gP -A "$@")
awk '
  function file(object) { sub(/:$/, "", object); sub(/.*\//, "", object); sub(/\.c\.[^.]*$/, "", object); return object }
  function wrong(text) { print text; bad = 1 }

  FNR == NR { # the table
    if (/^## /) inside = $0 == "## Floors"
    if (inside && /^\| *[0-9]/) {
      floors++
      split($0, column, "|")
      count = split(column[3], word, "`")
      for (i = 2; i <= count; i += 2) floor[word[i]] = floors
    }
    next
  }
  { name = $2; sub(/^_/, "", name) }
  { source = file($1); seen[source] = 1 }
  $3 == "U" { uses[source, name] = 1; next }
  { home[name] = source }

  END {
    for (source in seen) if (!(source in floor)) wrong(source ".c has no floor")
    for (source in floor) if (!(source in seen)) wrong(source ".c has a floor, but there is no such file")
    for (use in uses) {
      split(use, part, SUBSEP)
      if (!(part[2] in home) || home[part[2]] == part[1]) continue
      arrow[part[1], home[part[2]]] = arrow[part[1], home[part[2]]] " " part[2]
    }
    for (pair in arrow) {
      arrows++
      split(pair, part, SUBSEP)
      if (floor[part[1]] < floor[part[2]]) wrong(part[1] ".c calls up to " part[2] ".c:" arrow[pair])
    }
    # Takes away, again and again, what calls nothing or is called by nothing that is left: circles remain.
    do {
      split("", calls); split("", called)
      for (pair in arrow) {
        split(pair, part, SUBSEP)
        if ((part[1] in seen) && (part[2] in seen)) { calls[part[1]] = 1; called[part[2]] = 1 }
      }
      removed = 0
      for (source in floor)
        if ((source in seen) && !((source in calls) && (source in called))) { delete seen[source]; files++; removed = 1 }
    } while (removed)
    for (pair in arrow) {
      split(pair, part, SUBSEP)
      if ((part[1] in seen) && (part[2] in seen)) wrong("in a circle: " part[1] ".c calls " part[2] ".c:" arrow[pair])
    }
    if (files < 20 || arrows < files || floors < 2) wrong("only " files + 0 " files, " arrows + 0 " arrows, " floors + 0 " floors")
    if (!bad) printf "%d files on %d floors, %d arrows, none up, no circle\n", files, floors, arrows
    exit bad
  }
' "$readme" - <<EOF
$symbols
EOF
