#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace ratings::cmd {

/// Results go to stdout, everything else to stderr.
enum class Format { table, json, ndjson, csv, ids };

[[nodiscard]] Format parse_format(const std::string& text);
[[nodiscard]] bool is_terminal(std::FILE* stream);
/// For commands whose default depends on the reader: a table for people, JSON for programs.
[[nodiscard]] Format format_for_stdout();

/// Descriptors 0 to 2 that the caller has closed refuse reading and writing from now on, so that no file or
/// socket gets such a number and, with it, our messages. To be called before anything is opened.
void occupy_standard_streams();

/// Throws std::system_error when the reader has gone or the disk is full: an unwritten result is no success.
void print(std::string_view text);
void flush_output();
/// Whether print() was called: a result that has begun must not be followed by anything else.
[[nodiscard]] bool has_printed() noexcept;

/// "ratingsctl: message" on stderr.
void complain(std::string_view message);

/// Control characters replaced: a file's name or an operator's reason must not steer the terminal.
[[nodiscard]] std::string printable(std::string_view text);
/// "1 row", "2 rows".
[[nodiscard]] std::string counted(unsigned long long number, const std::string& one, const std::string& many);

}  // namespace ratings::cmd
