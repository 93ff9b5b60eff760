#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>

#include "core/app/output.hpp"
#include "core/records/book.hpp"

namespace cdctl::cli {

enum class Format { ndjson, json, table, wide, name, picture };

/// The only writer of stdout and stderr. Records are gathered and go out when the buffer is full,
/// on flush(), and at the end: a command flushes before it would block.
class Output final : public app::Output {
 public:
  void set_format(Format format) { format_ = format; }
  /// The command draws `kind` itself, and writes it as text: nothing comes of its records.
  void set_picture(std::string_view kind) { format_ = Format::picture, picture_ = kind; }
  [[nodiscard]] const std::string& picture() const { return picture_; }
  [[nodiscard]] Format format() const { return format_; }
  [[nodiscard]] bool tabular() const { return format_ == Format::table || format_ == Format::wide; }
  /// Tables have these columns, whatever the schemas of their records.
  void set_layout(std::string_view name) { layout_ = name; }
  /// Who knows the records of plugins. Asked at the first record that is not the front end's own,
  /// and only for a table.
  void set_records(std::function<std::shared_ptr<const records::RowStore>()> ask) {
    ask_records_ = std::move(ask);
  }
  void set_colour(bool on) { colour_ = on; }
  [[nodiscard]] bool colour() const { return colour_; }
  /// How wide the terminal is that stdout is; 0: it is none, and lines have no bound.
  [[nodiscard]] static std::size_t columns();
  void set_quiet(bool on) { quiet_ = on; }
  void set_verbose(bool on) { verbose_ = on; }

  /// One record in the chosen format.
  void write(const Json& record) override;
  /// A line that is already a record's text (a filter that passes it on unchanged).
  void write_line(std::string_view json_line);
  /// Plain text for people: help, versions.
  void text(std::string_view text);
  /// Everything so far leaves the process. Returns false once nothing can: see broken().
  bool flush() override;
  /// Ends the output: closes a JSON array, prints a gathered table. The exit code of the command
  /// that has ended with `code`: `failed` where its output was lost.
  [[nodiscard]] int finish(int code);
  /// Whether any record was written.
  [[nodiscard]] bool any() const { return any_; }
  /// Whether nothing leaves stdout any more: stop. Quietly where its reader has gone; any other
  /// reason (a full disk) was told, and makes the exit code `failed`.
  [[nodiscard]] bool broken() const override { return gone_ || (lost_ && !goes_on_); }
  /// A full disk shall not end this command, whose deeds matter more than its records: `break`.
  void go_on_without_records() { goes_on_ = true; }

  /// `cdctl: warning: …` on stderr, one line.
  void warning(std::string_view line) override;
  void note(std::string_view line) override;   ///< not with --quiet
  void debug(std::string_view line) override;  ///< only with --verbose
  void error(std::string_view line) override;  ///< `cdctl: …`
  /// A question to a person: stderr, no line break behind it.
  void prompt(std::string_view question);
  /// A passing line for people who watch: only when stderr is a terminal.
  void progress(std::string_view line) override;

 private:
  void to_stderr(std::string_view kind, std::string_view line);
  void clear_progress();
  void lose(int error);
  /// What is known of this kind of record; nullptr when nothing is.
  const plugin::RecordRow* row_of(std::string_view schema);

  Format format_ = Format::ndjson;
  bool colour_ = false, quiet_ = false, verbose_ = false;
  bool gone_ = false;  ///< the reader of stdout
  std::atomic<bool> progress_shown_ =
      false;  ///< `notify` writes stdout and stderr from two threads
  bool any_ = false, wrote_ = false;
  bool lost_ = false;     ///< what was written: it could not leave
  bool goes_on_ = false;  ///< even so
  std::string layout_, picture_;
  std::function<std::shared_ptr<const records::RowStore>()> ask_records_;
  std::shared_ptr<const records::RowStore> plugin_records_;
  std::string buffer_;
  /// Records of one schema: each has columns of its own.
  struct Table {
    const plugin::RecordRow* row = nullptr;
    std::vector<Json> records;
  };
  std::vector<Table> tables_;                      ///< in the order of their first records
  const plugin::RecordRow* stream_row_ = nullptr;  ///< of the last line of a stream
};

/// A table for people from the records gathered: the columns of `row`, aligned, times as ages.
/// Where there are none, a line a member.
[[nodiscard]] std::string render_table(const std::vector<Json>& records,
                                       const plugin::RecordRow* row, bool wide, bool colour);
/// One record of a stream for people: the columns of `row` at fixed widths. `first` prints the
/// headings before it.
[[nodiscard]] std::string render_stream_line(const Json& record, const plugin::RecordRow& row,
                                             bool wide, bool colour, bool first);

}  // namespace cdctl::cli
