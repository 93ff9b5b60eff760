#pragma once

#include "core/records/proposal.hpp"

namespace cdctl::records {

/// `cdctl.candidate/1`: a proposal after the gate, and the same with what `verify` saw of its
/// merge.
struct Candidate : ProposalMembers {
  static constexpr ColumnRow k_columns[] = {
      {"TARGET", "target", Show::text, false, 12},  {"PROPOSAL", "proposal", Show::text, false, 24},
      {"VERDICT", "verdict", Show::text, false, 9}, {"TREE", "tree", Show::brief, true, 12},
      {"TOOK", "took_ms", Show::millis, true, 12},  {"WHY", "why", Show::blank}};
  static constexpr RecordRow k_head = records::head(
      "cdctl.candidate/1", "A proposal that the gate has looked at, with what was verified of it",
      k_columns, true);

  std::string verdict, why;
  std::vector<std::string> reviewers;
  std::string commit, tree, message;
  std::vector<std::string> batch;
  std::string tip;
  std::vector<std::string> conflicts;
  std::string command, log;
  std::optional<std::int64_t> exit_status, tries;
  std::vector<std::string> isolation;
  bool remembered = false;
  std::optional<double> took_ms;
  std::string committer, by, home, seal;
  std::optional<Time> at;

  static constexpr auto rows() {
    constexpr auto own = std::tuple{
        required("verdict", &Candidate::verdict,
                 "one of ready merged waiting rejected verified deferred",
                 "ready, merged, waiting, rejected, deferred: of the gate; verified, rejected, "
                 "waiting, deferred: of verify"),
        optional("why", &Candidate::why, "text", "why it is waiting, rejected or deferred"),
        optional("reviewers", &Candidate::reviewers, "list of text", "whose Approve counted"),
        optional("commit", &Candidate::commit, "text", "the merge: what was tested, and lands"),
        optional("tree", &Candidate::tree, "text", "its tree"),
        optional("message", &Candidate::message, "text", "its message"),
        optional("batch", &Candidate::batch, "list of text",
                 "the proposals that were tested as one, in their order; they land as one"),
        optional("tip", &Candidate::tip, "text",
                 "of a batch: the commit of the last, which was tested for all"),
        optional("conflicts", &Candidate::conflicts, "list of text", "files"),
        optional("command", &Candidate::command, "text", "what tested it"),
        optional("exit_status", &Candidate::exit_status, "integer", "of the command"),
        optional("tries", &Candidate::tries, "integer",
                 "where it was not one: how often the command ran until it had this result"),
        optional("log", &Candidate::log, "text", "the file with what the command said"),
        optional("isolation", &Candidate::isolation, "list of text",
                 "what the command was kept from: network, home, processes, files; or wrapper: by "
                 "that"),
        optional("remembered", &Candidate::remembered, "flag",
                 "the same tree was tested by the same command before"),
        optional("took_ms", &Candidate::took_ms, "number", "the command"),
        optional("committer", &Candidate::committer, "text", "of the merge"),
        optional("at", &Candidate::at, "time", "when it was merged"),
        optional("by", &Candidate::by, "text", "who verified it"),
        optional("home", &Candidate::home, "text",
                 "in which home the gate, or verify, has said so"),
        optional(
            "seal", &Candidate::seal, "text",
            "a keyed digest of what the gate, or verify, has said: the stage behind it takes no "
            "other word for it")};
    return std::tuple_cat(rows_of<Candidate>(), own);
  }
};

/// A proposal as the gate begins with it. What it carries under the names of a candidate's own
/// members is nobody's word for them, and stays behind.
[[nodiscard]] Candidate candidate_of(const Proposal& proposal);

}  // namespace cdctl::records
