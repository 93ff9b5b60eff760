#include "cli/input/record_reader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cdctl/error_record.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/records/candidate.hpp"
#include "core/records/outcome.hpp"
#include "core/records/proposal.hpp"
#include "core/records/revision.hpp"
#include "core/records/set.hpp"
#include "core/records/signal.hpp"
#include "core/records/verdict.hpp"
#include "core/records/want.hpp"

namespace cdctl::cli {

namespace {

constexpr std::size_t k_chunk = 1u << 20;
constexpr std::size_t k_most_kept = 64u << 20, k_most_names = 100'000;
/// The kinds of record that flow in a pipe.
constexpr std::array<std::string_view, 9> k_schemas{
    records::Revision::k_head.schema, records::Set::k_head.schema,
    records::Signal::k_head.schema,   records::Verdict::k_head.schema,
    records::Outcome::k_head.schema,  records::ErrorRecord::k_head.schema,
    records::Proposal::k_head.schema, records::Candidate::k_head.schema,
    records::Want::k_head.schema};

bool known_schema(std::string_view schema) {
  for (const auto known : k_schemas)
    if (known == schema) return true;
  return false;
}

}  // namespace

LineReader::Got LineReader::next(std::string_view& line, int wait_ms) {
  for (;;) {
    const auto* start = buffer_.data() + begin_;
    const auto* from = buffer_.data() + std::max(begin_, searched_);
    const auto* newline = static_cast<const char*>(
        std::memchr(from, '\n', static_cast<std::size_t>(buffer_.data() + end_ - from)));
    searched_ = end_;
    const bool whole = newline || (at_end_ && begin_ < end_);
    const auto* stop = whole && newline ? newline : buffer_.data() + end_;
    const auto size = static_cast<std::size_t>(stop - start);
    if (size > k_longest) leave_out();
    if (leaving_out_ && take_piece_ && !take_piece_(std::string_view(start, size), whole))
      return Got::end;
    if (whole) {
      line = std::string_view(start, size);
      begin_ = static_cast<std::size_t>(stop - buffer_.data()) + (newline ? 1 : 0);
      searched_ = begin_;
      if (std::exchange(leaving_out_, false)) continue;
      ++number_;
      return Got::line;
    }
    if (at_end_) {  // which ends a line, too
      if (std::exchange(leaving_out_, false) && take_piece_) (void)take_piece_({}, true);
      return Got::end;
    }
    if (leaving_out_) begin_ = end_ = searched_ = 0;
    if (const auto got = fill(wait_ms); got != Got::line) return got;
  }
}

/// Tells of a line once, as soon as it is too long: its end may never come.
void LineReader::leave_out() {
  if (std::exchange(leaving_out_, true)) return;
  ++number_;
  report_({ExitCode::failed,
           fmt::format("line {}: longer than {} bytes; {}", number_, k_longest,
                       take_piece_ ? "nobody is told of it, and it is passed on" : "skipped")});
}

LineReader::Got LineReader::fill(int wait_ms) {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    searched_ -= std::min(searched_, begin_);
    begin_ = 0;
  }
  if (buffer_.size() < end_ + k_chunk + k_padding) buffer_.resize(end_ + k_chunk + k_padding);
  for (bool told = false;;) {
    struct pollfd fds[2] = {{STDIN_FILENO, POLLIN, 0}, {Stop::fd(), POLLIN, 0}};
    if (Stop::requested()) return Got::stopped;
    const int ready = ::poll(fds, 2, told ? wait_ms : 0);
    if (ready < 0 && errno != EINTR) {
      error_ = errno;
      return Got::end;
    }
    if (ready <= 0 && !told) {
      told = true;
      before_block_();
      continue;
    }
    if (ready == 0) return Got::idle;
    if (ready < 0 || Stop::requested()) continue;
    const auto got = ::read(STDIN_FILENO, buffer_.data() + end_, buffer_.size() - end_ - k_padding);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) at_end_ = true;
    if (got < 0) error_ = errno;
    if (got > 0) end_ += static_cast<std::size_t>(got);
    return Got::line;
  }
}

std::optional<Error> LineReader::trouble() const {
  if (error_ == 0) return {};
  return Error{ExitCode::failed,
               fmt::format("reading standard input: {}; {}", errno_text(error_),
                           number_ == 0 ? "pipe records into it"
                                        : "what came before is used, the rest is not known")};
}

Result<RecordReader> RecordReader::open(Context& context, std::string_view wanted,
                                        std::string_view instead) {
  if (::isatty(STDIN_FILENO))
    return fail(ExitCode::usage, fmt::format("standard input is a terminal: pipe {} into it, or {}",
                                             wanted, instead));
  return RecordReader(context, wanted, instead.ends_with("SET"));
}

Result<> check_format(std::string_view line, std::string_view wanted, bool takes_names) {
  const auto refuse = [&](std::string_view what, std::string_view cure) {
    return fail(ExitCode::usage, fmt::format("standard input is {}, and {} are needed, one a line: "
                                             "{}; nothing was taken",
                                             what, wanted, cure));
  };
  constexpr std::string_view k_leave = "leave -o off in the stage before";
  const auto text = trimmed(line);
  if (text.starts_with('['))
    return refuse("a JSON array",
                  "leave -o off in the stage before, or "
                  "end it in jq -c '.[]'");
  if (text == "{") return refuse("JSON over several lines", "give jq its -c");
  if (text.starts_with('{')) return {};
  if (parse_set_name(text))
    return takes_names ? refuse("a list of names",
                                "leave -o off in the stage before, or say - to "
                                "read names")
                       : refuse("a list of names", k_leave);
  const auto heading = text.substr(0, text.find("  "));
  const auto capital = [](char c) { return (c >= 'A' && c <= 'Z') || c == ' '; };
  if (heading.size() > 1 && std::ranges::all_of(heading, capital))
    return refuse("a table", k_leave);
  return {};
}

Result<> RecordReader::may_keep() {
  kept_ += line_.size();
  if (kept_ <= k_most_kept) return {};
  return fail(
      fmt::format("standard input has more than {} bytes of {}; nothing was taken: name "
                  "services in the stage before",
                  k_most_kept, wanted_));
}

std::optional<Json> RecordReader::next(int wait_ms) {
  auto& line = line_;
  line = {};
  idle_ = false;
  for (;;) {
    if (context_->out.broken()) return {};
    if (const auto got = lines_.next(line, wait_ms); got != LineReader::Got::line) {
      idle_ = got == LineReader::Got::idle;
      if (const auto trouble = lines_.trouble()) context_->report(*trouble);
      return {};
    }
    if (line.empty() || line == "\r") continue;
    if (std::exchange(first_, false)) {
      if (const auto known = check_format(line, wanted_, takes_names_); !known) {
        context_->report(known.error());
        return {};
      }
    }
    const auto bad = [&](std::string_view why) {
      context_->report(
          {ExitCode::failed, fmt::format("line {}: {}; skipped", lines_.number(), why)});
    };
    auto record = Json::parse(line);
    if (!record) {
      bad(record.error().what);
    } else if (!record->is_object()) {
      bad("not a JSON object");
    } else if (const auto schema = records::schema_of(*record); !known_schema(schema)) {
      bad(schema.empty() ? std::string("no schema")
                         : fmt::format("schema '{}' is not known here", printable(schema, 60)));
    } else {
      return std::move(*record);
    }
  }
}

void RecordReader::finish(std::string_view wanted) {
  if (skipped_ > 0)
    context_->out.note(fmt::format("skipped {} that {} no {}",
                                   plural(static_cast<std::int64_t>(skipped_), "record"),
                                   skipped_ == 1 ? "is" : "are", wanted));
}

Result<std::vector<std::string>> read_names(Context& context) {
  if (::isatty(STDIN_FILENO))
    return fail(ExitCode::usage,
                "standard input is a terminal: pipe set names into it, one a line");
  LineReader lines(context);
  std::vector<std::string> out;
  std::string_view line;
  while (lines.next(line) == LineReader::Got::line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (out.empty() && (line.starts_with('{') || line.starts_with('[')))
      return fail(ExitCode::usage,
                  "standard input is records, and - reads set names, one a line: give the stage "
                  "before -o name; nothing was taken");
    if (out.size() == k_most_names)
      return fail(
          fmt::format("standard input has more than {} names; nothing was taken", k_most_names));
    if (parse_set_name(line))
      out.emplace_back(line);
    else
      context.report({ExitCode::failed,
                      fmt::format("line {}: '{}' is no whole set name (SERVICE-REVISION); skipped",
                                  lines.number(), printable(line, 80))});
  }
  if (const auto trouble = lines.trouble()) return fail(*trouble);
  return out;
}

void Unknowns::add(const Json& record) {
  const auto said = records::decode<records::ErrorRecord>(record);
  const auto& service = said.service;
  if (service.empty())
    all_ = true;
  else if (valid_word(service))  // no other is anybody's
    services_.insert(service);
  context_.note_exit(ExitCode::unknown);
  context_.out.warning(fmt::format(
      "{}nothing is done: an earlier stage failed{} ({})", service.empty() ? "" : service + ": ",
      said.doing.empty() ? "" : " while " + said.doing, printable(said.error, 160)));
}

}  // namespace cdctl::cli
