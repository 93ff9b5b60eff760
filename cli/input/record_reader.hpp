#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>

#include "cli/output/context.hpp"

namespace cdctl::cli {

/// Lines of standard input, split without copying. Waits with poll, so that a stop request ends the
/// wait, and tells the caller before it would block, so that what is buffered for stdout leaves
/// first. A line that is too long for a record is told to `report` and left out; it is not kept,
/// and may be one that never ends.
class LineReader {
 public:
  enum class Got { line, idle, end, stopped };

  LineReader(std::function<void()> before_block, std::function<void(const Error&)> report)
      : before_block_(std::move(before_block)), report_(std::move(report)) {}
  /// Flushes the context's output before it blocks, and reports there.
  explicit LineReader(Context& context)
      : LineReader([&context] { context.out.flush(); },
                   [&context](const Error& error) { context.report(error); }) {}
  /// The next line, without its newline; valid until the next call. `idle` after `wait` without
  /// input (negative: never).
  Got next(std::string_view& line, int wait_ms = -1);
  [[nodiscard]] std::size_t number() const { return number_; }  ///< of the last line, from 1
  /// Takes a line that is too long piece by piece, as it comes; `whole` with the last one. False:
  /// nobody wants more, and the input ends here.
  using TakePiece = std::function<bool(std::string_view piece, bool whole)>;
  void pass_on_long(TakePiece take) { take_piece_ = std::move(take); }
  /// Why the input ended, when it was no end but could not be read on.
  [[nodiscard]] std::optional<Error> trouble() const;
  /// Readable bytes behind every line: a parser may look that far past its end.
  static constexpr std::size_t k_padding = 64;
  /// How many bytes a line may have to be taken for a record: as many as a message of a feed.
  static constexpr std::size_t k_longest = 4u << 20;

 private:
  Got fill(int wait_ms);
  void leave_out();

  std::function<void()> before_block_;
  std::function<void(const Error&)> report_;
  TakePiece take_piece_;
  std::string buffer_;
  std::size_t begin_ = 0, end_ = 0, searched_ = 0;
  std::size_t number_ = 0;
  bool at_end_ = false;
  bool leaving_out_ = false;  ///< what comes is the rest of a line that is too long
  int error_ = 0;             ///< of the read that failed
};

/// What the first line of an input is, where that is no record: the stage before was given another
/// format, or nobody made records of it. Exit code `usage`: nothing of it is taken, since some of
/// its lines could look like records. `wanted` is needed instead.
[[nodiscard]] Result<> check_format(std::string_view first_line, std::string_view wanted,
                                    bool takes_names = false);

/// What an actor or decider reads from stdin: NDJSON records under the rules of design §3.
class RecordReader {
 public:
  /// Exit code `usage` when stdin is a terminal. `instead` names what could be given as an
  /// argument.
  [[nodiscard]] static Result<RecordReader> open(Context& context, std::string_view wanted,
                                                 std::string_view instead);

  /// The next record of a known schema. Bad lines are reported with their number and skipped;
  /// `cdctl.error/1` records come too. Empty at the end, or when a stop was requested.
  [[nodiscard]] std::optional<Json> next(int wait_ms = -1);
  /// To be asked before something of the last record is kept until the end of the input. What is
  /// kept may be 64 MiB of lines; then nothing can be done with any of it.
  [[nodiscard]] Result<> may_keep();
  /// The line of the last record; valid until the next call.
  [[nodiscard]] std::string_view line() const { return line_; }
  /// Whether the last next() gave nothing because nothing came for so long.
  [[nodiscard]] bool idle() const { return idle_; }
  /// Counts a record that is not meant for this command; the count goes to stderr at the end.
  void skip() { ++skipped_; }
  /// Says how many were skipped.
  void finish(std::string_view wanted);

 private:
  RecordReader(Context& context, std::string_view wanted, bool takes_names)
      : context_(&context), lines_(context), wanted_(wanted), takes_names_(takes_names) {}

  Context* context_;
  LineReader lines_;
  std::string wanted_;
  bool takes_names_;
  bool first_ = true;
  std::size_t skipped_ = 0, kept_ = 0;
  std::string_view line_;
  bool idle_ = false;
};

/// Set names, one a line, whole names only: what `-` reads. Bad ones are reported with their line.
[[nodiscard]] Result<std::vector<std::string>> read_names(Context& context);

/// The services of which someone upstream could not ask: an actor acts on nothing of them.
class Unknowns {
 public:
  explicit Unknowns(Context& context) : context_(context) {}
  /// Takes a `cdctl.error/1` record.
  void add(const Json& record);
  [[nodiscard]] bool blocks(std::string_view service) const {
    return all_ || services_.contains(std::string(service));
  }

 private:
  Context& context_;
  bool all_ = false;
  std::set<std::string> services_;
};

}  // namespace cdctl::cli
