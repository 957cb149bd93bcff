# Reads the block-style subset of cloud-config that the tiny guest knows and lays it out as files under /run/cloud:
# hostname, runcmd (a shell script), files/<n>/{path,content,permissions,encoding,append}. What it prints is a warning.

function scalar(text) {
  sub(/^[ \t]+/, "", text); sub(/[ \t]+$/, "", text)
  if (text ~ /^".*"$/) {
    text = substr(text, 2, length(text) - 2)
    gsub(/\\n/, "\n", text); gsub(/\\t/, "\t", text); gsub(/\\"/, "\"", text)
  } else if (text ~ /^'.*'$/) {
    text = substr(text, 2, length(text) - 2); gsub(/''/, "'", text)
  } else sub(/[ \t]+#.*$/, "", text)
  return text
}
function indent_of(text) { match(text, /^ */); return RLENGTH }
# One shell word. Joined by hand, since what a backslash means in gsub's replacement differs between awks.
function quoted(text,   parts, n, i, result) {
  n = split(text, parts, "'")
  result = parts[1]
  for (i = 2; i <= n; i++) result = result "'\\''" parts[i]
  return "'" result "'"
}

# [a, "b c"] as one shell command with every word quoted.
function words(text,   result, item, n, parts, i) {
  sub(/^\[/, "", text); sub(/\][ \t]*$/, "", text)
  while (match(text, /^[ \t]*("[^"]*"|'[^']*'|[^,]*)[ \t]*(,|$)/)) {
    if (RLENGTH == 0) break
    item = substr(text, 1, RLENGTH); text = substr(text, RLENGTH + 1)
    sub(/,[ \t]*$/, "", item)
    result = result quoted(scalar(item)) " "
    if (text == "") break
  }
  return result
}

# Starts reading a block scalar (| or >) into a file; the lines that belong to it are deeper than `depth`.
function block(style, target, depth) { in_block = 1; fold = (style ~ /^>/); keep = (style ~ /-/) ? 0 : 1; block_target = target; block_depth = depth; block_text = ""; block_indent = -1 }
function end_block() {
  if (!in_block) return
  in_block = 0
  sub(/\n+$/, "", block_text)
  printf "%s%s", block_text, keep ? "\n" : "" > block_target
  close(block_target)
}
function put(target, text) { printf "%s", text > target; close(target) }
function file_key(text,   key, value) {
  if (!match(text, /^[a-z_]+[ \t]*:/)) { print "write_files: cannot read \"" text "\""; return }
  key = text; sub(/[ \t]*:.*/, "", key)
  value = text; sub(/^[a-z_]+[ \t]*:[ \t]*/, "", value)
  if (key == "encoding" && scalar(value) ~ /^(b64|base64)$/) value = "base64"
  if (key !~ /^(path|content|permissions|encoding|append|owner|defer)$/) print "write_files: " key " is not known here"
  if (key == "encoding" && scalar(value) !~ /^(base64|text\/plain)$/) print "write_files: encoding " value " is not known here"
  if (value ~ /^[|>]/) block(value, dir "/" key, key_depth)
  else put(dir "/" key, scalar(value))
}

NR == 1 { next }
in_block {
  if ($0 ~ /^[ \t]*$/) { block_text = block_text "\n"; next }
  depth = indent_of($0)
  if (depth > block_depth) {
    if (block_indent < 0) block_indent = depth
    block_text = block_text substr($0, block_indent + 1) (fold ? " " : "\n")
    next
  }
  end_block()
}
/^[ \t]*(#.*)?$/ { next }
/^[a-zA-Z_-]+[ \t]*:/ {
  section = $0; sub(/[ \t]*:.*/, "", section)
  value = $0; sub(/^[^:]*:[ \t]*/, "", value)
  if (section == "hostname" || section == "fqdn") { if (section == "hostname" || !named) put("/run/cloud/hostname", scalar(value)); if (section == "hostname") named = 1 }
  else if (section == "write_files" || section == "runcmd") {
    if (scalar(value) != "") print section ": only block lists are known here"
  } else print section " is not known to this guest"
  next
}
section == "write_files" && /^ *- / {
  files++
  dir = "/run/cloud/files/" (1000 + files)
  system("mkdir -p " dir)
  dash = indent_of($0)
  rest = $0; sub(/^ *- +/, "", rest)
  key_depth = length($0) - length(rest)
  file_key(rest)
  next
}
section == "write_files" { rest = $0; sub(/^ +/, "", rest); key_depth = indent_of($0); file_key(rest); next }
section == "runcmd" && /^ *- / {
  rest = $0; sub(/^ *- +/, "", rest)
  if (rest ~ /^[|>]/) { commands++; target = "/run/cloud/command" commands; block(rest, target, indent_of($0)); print "(. " target ")" > "/run/cloud/runcmd" }
  else print (rest ~ /^\[/ ? words(rest) : scalar(rest)) > "/run/cloud/runcmd"
  next
}
section == "runcmd" { print "runcmd: cannot read \"" $0 "\"" }
END { end_block() }
