#include "cli/input/landing.hpp"

#include <fmt/format.h>

#include <cdctl/error_record.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/records/proposal.hpp"

namespace cdctl::cli {

bool TargetErrors::add(const Json& record) {
  if (!records::is<records::ErrorRecord>(record)) return false;
  const auto target = records::get<&records::ErrorRecord::target>(record);
  if (target.empty())
    all_ = true;
  else
    targets_.insert(target);
  context_.note_exit(ExitCode::unknown);
  return true;
}

bool TargetErrors::pass_on(const Json& record) {
  if (!add(record)) return false;
  context_.out.write(record);
  return true;
}

bool TargetErrors::take(const Json& record) {
  if (!add(record)) return false;
  const auto said = records::decode<records::ErrorRecord>(record);
  context_.out.warning(fmt::format("{}nothing is landed: {} ({})",
                                   said.target.empty() ? "" : said.target + ": ",
                                   said.doing.empty() ? "somebody could not be asked upstream"
                                                      : said.doing + " was not possible upstream",
                                   printable(said.error, 160)));
  return true;
}

Result<> for_each_candidate(Context& context, std::string_view wanted, std::string_view instead,
                            bool passes_errors,
                            const std::function<void(records::Candidate)>& one) {
  CDCTL_TRY_ASSIGN(auto reader, RecordReader::open(context, wanted, instead));
  TargetErrors errors(context);
  std::int64_t ungated = 0;
  while (auto record = reader.next()) {
    if (passes_errors ? errors.pass_on(*record) : errors.take(*record)) continue;
    if (!records::is<records::Candidate>(*record)) {
      ungated += records::is<records::Proposal>(*record) ? 1 : 0;
      reader.skip();
      continue;
    }
    auto candidate = records::decode<records::Candidate>(*record);
    if (errors.blocks(candidate.target)) continue;
    one(std::move(candidate));
    if (Stop::requested() || context.out.broken()) break;
    context.out.flush();  // the next may take an hour
  }
  reader.finish("candidate");
  if (ungated > 0)
    context.out.note(
        fmt::format("{} came past no gate: put cdctl gate before", plural(ungated, "proposal")));
  return {};
}

}  // namespace cdctl::cli
