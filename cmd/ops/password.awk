# Prints the address of a PostgreSQL store, in the variable `address` of the environment, without its password, and on a
# second line the password when there is one. An address that a program gets as an argument is seen by everybody in the list
# of processes. Both forms of libpq (PostgreSQL manual, 34.1.1): keyword=value, and postgresql://user:password@host/?…

# of_percents TEXT: %40 is an @. In bytes, so LC_ALL=C.
function of_percents(text,    out, digits) {
  digits = "0123456789abcdef"
  while (match(text, /%[0-9A-Fa-f][0-9A-Fa-f]/)) {
    out = out substr(text, 1, RSTART - 1) sprintf("%c", 16 * (index(digits, tolower(substr(text, RSTART + 1, 1))) - 1) + \
                                                          index(digits, tolower(substr(text, RSTART + 2, 1))) - 1)
    text = substr(text, RSTART + 3)
  }
  return out text
}

# of_value TEXT: without its quotes and backslashes.
function of_value(text,    out) {
  if (text ~ /^'/) text = substr(text, 2, length(text) - 2)
  while (match(text, /\\./)) {
    out = out substr(text, 1, RSTART - 1) substr(text, RSTART + 1, 1)
    text = substr(text, RSTART + 2)
  }
  return out text
}

BEGIN {
  address = ENVIRON["address"]
  if (match(address, /^[a-z]+:\/\/[^@\/?:]*:[^@\/?]*@/)) {
    login = substr(address, 1, RLENGTH - 1)
    rest = substr(address, RLENGTH)
    colon = index(substr(login, index(login, "//") + 2), ":") + index(login, "//") + 1
    password = of_percents(substr(login, colon + 1))
    address = substr(login, 1, colon - 1) rest
  }
  if (address ~ /^[a-z]+:\/\//) {
    if (match(address, /[?&]password=[^&]*/)) {
      found = substr(address, RSTART, RLENGTH)
      rest = substr(address, RSTART + RLENGTH)
      address = substr(address, 1, RSTART - 1) (rest == "" ? "" : substr(found, 1, 1) substr(rest, 2))
      password = of_percents(substr(found, length("?password=") + 1))
    }
  } else if (match(" " address, /[ \t]password[ \t]*=[ \t]*('([^'\\]|\\.)*'|([^ \t\\']|\\.)*)/)) {
    found = substr(address, RSTART, RLENGTH - 1)
    address = substr(address, 1, RSTART - 1) substr(address, RSTART + RLENGTH)
    sub(/^[^=]*=[ \t]*/, "", found)
    password = of_value(found)
  }
  print address
  if (password != "") print password
}
