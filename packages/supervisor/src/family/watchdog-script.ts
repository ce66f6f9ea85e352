import { COOKIE_VARIABLE } from './cookie.ts';

/**
 * What the watchdog runs; its arguments are the supervisor's part of the cookie, and the members so far.
 *
 * Its standard input adds a member, `+ group:signal:run:start`, removes one, `- group`, or says `bye`. When it ends without that,
 * the supervisor is dead: all groups whose signal is KILL go at once, then, in one search, what they have started elsewhere. The
 * others get their signal and five seconds. At last everything that carries the cookie goes, and once more a little later: a
 * process that the supervisor was just creating shows the cookie only when it has become the program.
 *
 * `start` is when the leader began, in the kernel's ticks: a number that belongs to a stranger by now is left alone. While any
 * member of the group lives, the kernel gives its number to nobody.
 *
 * A blank environment keeps the watchdog itself, its grep and its sleep out of the search. Some greps (busybox) see a file up to
 * its first NUL only: for those each environment is unpacked.
 */
export const watchdogScript = String.raw`
trap '' HUP INT TERM
members=$2
while read -r word member; do
  case $word in
    bye) exit 0 ;;
    +) members="$members $member" ;;
    -)
      kept=
      for other in $members; do [ "\${other%%:*}" = "$member" ] || kept="$kept $other"; done
      members=$kept
      ;;
  esac
done

is_ours() {
  stat=
  while read -r line; do stat="$stat $line"; done < "/proc/$1/stat"
  start=$2
  set -- \${stat##*) }
  [ -z "$start" ] || [ -z "\${20}" ] || [ "$start" = "\${20}" ]
}

find_carriers() {
  if printf 'a\0b' | grep -qF b; then
    grep -lsF "$@" /proc/[0-9]*/environ
  else
    for file in /proc/[0-9]*/environ; do
      tr '\0' '\n' < "$file" | grep -qF "$@" && echo "$file"
    done
  fi
}

end_carriers() {
  round=0
  while [ $round -lt 10 ]; do
    found=
    for file in $(find_carriers "$@"); do
      file=\${file%/environ}
      found="$found \${file#/proc/}"
    done
    [ -n "$found" ] || return 0
    kill -s KILL $found
    round=$((round + 1))
  done
}

groups=
gentle=
set -- "$1"
for member in $members; do
  group=\${member%%:*}
  rest=\${member#*:}
  signal=\${rest%%:*}
  rest=\${rest#*:}
  is_ours "$group" "\${rest#*:}" || continue
  if [ "$signal" = KILL ]; then
    groups="$groups -$group"
    set -- "$@" -e "${COOKIE_VARIABLE}=$1\${rest%%:*}."
  else
    gentle="$gentle -$group"
    kill -s "$signal" -- "-$group"
    kill -s CONT -- "-$group"
  fi
done
[ -z "$groups" ] || kill -s KILL -- $groups

family=$1
if [ -n "$gentle" ]; then
  shift
  [ $# -eq 0 ] || end_carriers "$@"
  tries=0
  while [ $tries -lt 50 ]; do
    left=
    for group in $gentle; do kill -s 0 -- "$group" && left=yes; done
    [ -n "$left" ] || break
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -s KILL -- $gentle
fi
end_carriers -e "${COOKIE_VARIABLE}=$family"
[ -d /proc/self ] || exit 0
for pause in 0.05 0.2 0.5; do
  sleep $pause
  end_carriers -e "${COOKIE_VARIABLE}=$family"
done
`.replaceAll('\\$', '$');
