import { COOKIE_VARIABLE } from './cookie.ts';

/**
 * What the watchdog runs; its arguments are the supervisor's part of the cookie and the family so far.
 *
 * Each line on its standard input is the whole family, one `group:signal:cookie` a child. When the input ends without `bye`,
 * the supervisor is dead. Those whose signal is KILL go first, together with all that they have started; the others get
 * their signal and five seconds; at last everything that carries the cookie goes. A blank environment keeps the watchdog
 * itself, its grep and its sleep out of the search.
 */
export const watchdogScript = String.raw`
trap '' HUP INT TERM
family=$2
while read -r line; do
  [ "$line" = bye ] && exit 0
  family=$line
done

end_carriers() {
  round=0
  while [ $round -lt 10 ]; do
    carriers=$(grep -lsF "${COOKIE_VARIABLE}=$1" /proc/[0-9]*/environ)
    [ -n "$carriers" ] || return 0
    for carrier in $carriers; do
      carrier=\${carrier#/proc/}
      kill -s KILL "\${carrier%/environ}" 2>/dev/null
    done
    round=$((round + 1))
  done
}

gentle=
for member in $family; do
  group=\${member%%:*}
  rest=\${member#*:}
  signal=\${rest%%:*}
  kill -s "$signal" -- "-$group" 2>/dev/null
  if [ "$signal" = KILL ]; then end_carriers "\${rest#*:}"; else gentle="$gentle $group"; fi
done

tries=0
while [ $tries -lt 50 ]; do
  left=
  for group in $gentle; do kill -s 0 -- "-$group" 2>/dev/null && left=yes; done
  [ -n "$left" ] || break
  sleep 0.1
  tries=$((tries + 1))
done
for group in $gentle; do kill -s KILL -- "-$group" 2>/dev/null; done
end_carriers "$1"
`.replaceAll('\\$', '$');
