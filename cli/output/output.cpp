#include "cli/output/output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cdctl/error_record.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

namespace cdctl::cli {

namespace {

constexpr std::size_t k_buffer = 64 * 1024;

/// What a record is about: the first of these that it has. Of a check of doctor that is what was
/// checked.
std::string name_of(const Json& record) {
  for (const auto* key : {"set", "target", "name", "key", "service", "path", "file", "what"})
    if (const auto text = record[key].as_string(); !text.empty()) return text;
  return {};
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
        buffer_ += render_stream_line(record, *row, format_ == Format::wide, colour_, !any_);
      } else {
        if (table_.empty()) table_row_ = row;
        table_.push_back(record);
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

std::size_t Output::columns() {
  struct winsize size{};
  if (!::isatty(STDOUT_FILENO) || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col >= 40 ? size.ws_col : 0;
}

void Output::text(std::string_view text) { buffer_ += text; }

bool Output::flush() {
  if (!buffer_.empty() && !broken_) {
    clear_progress();
    broken_ = !write_all(STDOUT_FILENO, buffer_);
  }
  buffer_.clear();
  return !broken_;
}

bool Output::finish() {
  if (format_ == Format::json) buffer_ += any_ ? "\n]\n" : "[]\n";
  if (!table_.empty())
    buffer_ += render_table(table_, table_row_, format_ == Format::wide, colour_);
  table_.clear();
  clear_progress();
  return flush();
}

void Output::to_stderr(std::string_view prefix, std::string_view line) {
  clear_progress();
  std::string out(prefix);
  for (const char c : line) out += c == '\n' ? ' ' : c;
  out += '\n';
  (void)write_all(STDERR_FILENO, out);
}
void Output::warning(std::string_view line) { to_stderr("cdctl: warning: ", line); }
void Output::note(std::string_view line) {
  if (!quiet_) to_stderr("cdctl: ", line);
}
void Output::debug(std::string_view line) {
  if (verbose_) to_stderr("cdctl: debug: ", line);
}
void Output::error(std::string_view line) { to_stderr("cdctl: ", line); }

void Output::prompt(std::string_view question) {
  flush();
  clear_progress();
  (void)write_all(STDERR_FILENO, question);
}

void Output::progress(std::string_view line) {
  if (!::isatty(STDERR_FILENO)) return debug(line);
  if (quiet_) return;
  struct winsize size{};
  const std::size_t width =
      ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 10 ? size.ws_col : 80;
  (void)write_all(STDERR_FILENO, "\r\033[K" + fit(printable(line, 1000), width - 2));
  progress_shown_ = true;
}
void Output::clear_progress() {
  if (progress_shown_) (void)write_all(STDERR_FILENO, "\r\033[K");
  progress_shown_ = false;
}

}  // namespace cdctl::cli
