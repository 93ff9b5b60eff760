#include "cli/output/output.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cdctl/error_record.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "cli/output/progress_line.hpp"
#include "cli/output/screen_text.hpp"

namespace cdctl::cli {

namespace {

constexpr std::size_t k_buffer = 64 * 1024;

/// What a record is about: the first of these that it has. Of a check of doctor that is what was
/// checked.
std::string name_of(const Json& record) {
  for (const auto* key :
       {"set", "proposal", "target", "name", "key", "service", "path", "file", "what"})
    if (const auto text = record[key].as_string(); !text.empty()) return text;
  return {};
}

/// How wide the terminal is; 0: it is none, or too narrow to care.
std::size_t width_of(int fd) {
  struct winsize size{};
  if (!::isatty(fd) || ::ioctl(fd, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col >= 40 ? size.ws_col : 0;
}

/// All of it, whether stdout blocks or not. The error that hindered it, or 0.
int write_out(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto put = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (put >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno == EAGAIN) {
      struct pollfd ready{STDOUT_FILENO, POLLOUT, 0};
      (void)::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace

void Output::write(const Json& record) {
  switch (format_) {
    case Format::ndjson:
      record.dump_to(buffer_);
      buffer_ += '\n';
      break;
    case Format::json:
      buffer_ += any_ ? ",\n" : "[\n";
      buffer_ += record.dump();
      break;
    case Format::name:
      if (const auto name = name_of(record);
          !name.empty() && !records::is<records::ErrorRecord>(record))
        buffer_ += printable(name, 500) + '\n';
      break;
    case Format::picture:
      break;
    case Format::table:
    case Format::wide:
      if (records::is<records::ErrorRecord>(record)) break;  // people read it on stderr
      if (const auto* row = row_of(layout_.empty() ? records::schema_of(record) : layout_);
          row && row->stream) {
        buffer_ += render_stream_line(record, *row, format_ == Format::wide, colour_,
                                      std::exchange(stream_row_, row) != row);
      } else {
        auto at = std::ranges::find(tables_, row, &Table::row);
        if (at == tables_.end()) at = tables_.insert(at, Table{row, {}});
        at->records.push_back(record);
      }
      break;
  }
  any_ = true;
  if (buffer_.size() >= k_buffer) flush();
}

const plugin::RecordRow* Output::row_of(std::string_view schema) {
  if (const auto* own = records::own_record(schema)) return own;
  if (!plugin_records_ && ask_records_) plugin_records_ = ask_records_();
  return plugin_records_ ? plugin_records_->find(schema) : nullptr;
}

void Output::write_line(std::string_view json_line) {
  if (format_ == Format::ndjson) {
    buffer_ += json_line;
    buffer_ += '\n';
    any_ = true;
    if (buffer_.size() >= k_buffer) flush();
  } else if (auto record = Json::parse(json_line)) {
    write(*record);
  }
}

std::size_t Output::columns() { return width_of(STDOUT_FILENO); }

void Output::text(std::string_view text) { buffer_ += text; }

bool Output::flush() {
  if (!buffer_.empty() && !gone_ && !lost_) {
    clear_progress();
    if (const int error = write_out(buffer_)) lose(error);
    wrote_ = true;
  }
  buffer_.clear();
  return !broken();
}

void Output::lose(int error) {
  gone_ = error == EPIPE || error == ECONNRESET;
  lost_ = !gone_;
  if (lost_)
    this->error(fmt::format("writing to standard output: {}; what is there of it is not whole",
                            errno_text(error)));
}

int Output::finish(int code) {
  if (format_ == Format::json) buffer_ += any_ ? "\n]\n" : "[]\n";
  for (bool first = true; const auto& table : tables_) {
    if (!std::exchange(first, false)) buffer_ += '\n';
    buffer_ += render_table(table.records, table.row, format_ == Format::wide, colour_);
  }
  tables_.clear();
  clear_progress();
  flush();
  // Some file systems say only at a close that nothing was kept; any descriptor's will do.
  const int twin = wrote_ && !gone_ && !lost_ ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) : -1;
  if (twin >= 0 && ::close(twin) != 0) lose(errno);
  const bool worse = code == static_cast<int>(ExitCode::usage) ||
                     code == static_cast<int>(ExitCode::config) || code > 128;
  return lost_ && !worse ? static_cast<int>(ExitCode::failed) : code;
}

void Output::to_stderr(std::string_view kind, std::string_view line) {
  const ProgressLine::Hidden hidden;
  std::string out(kind);
  for (const char c : line) out += c == '\n' ? ' ' : c;
  constexpr std::string_view k_prefix = "cdctl: ";
  (void)write_all(STDERR_FILENO,
                  fmt::format("{}{}{}\n", hidden.first(), k_prefix,
                              wrapped(out, k_prefix.size(), width_of(STDERR_FILENO))));
}
void Output::warning(std::string_view line) { to_stderr("warning: ", line); }
void Output::note(std::string_view line) {
  if (!quiet_) to_stderr("", line);
}
void Output::debug(std::string_view line) {
  if (verbose_) to_stderr("debug: ", line);
}
void Output::error(std::string_view line) { to_stderr("", line); }

void Output::prompt(std::string_view question) {
  flush();
  const ProgressLine::Hidden hidden;
  (void)write_all(STDERR_FILENO, std::string(hidden.first()).append(question));
}

void Output::progress(std::string_view line) {
  const char* term = std::getenv("TERM");
  const bool plain =
      !term || std::string_view(term) == "dumb";  // a line cannot be taken back there
  if (plain || !::isatty(STDERR_FILENO)) return debug(line);
  if (quiet_) return;
  ProgressLine::show(line);
  progress_shown_ = true;
}
void Output::clear_progress() {
  if (progress_shown_.exchange(false)) ProgressLine::clear();
}

}  // namespace cdctl::cli
