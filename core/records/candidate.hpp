#pragma once

#include "core/records/proposal.hpp"

namespace cdctl::records {

/// `cdctl.candidate/1`: a proposal after the gate, and the same with what `verify` saw of its
/// merge.
struct Candidate : ProposalMembers {
  static constexpr ColumnRow k_columns[] = {{"TARGET", "target"},
                                            {"PROPOSAL", "proposal"},
                                            {"VERDICT", "verdict"},
                                            {"TREE", "tree", Show::brief, true},
                                            {"TOOK", "took_ms", Show::millis, true},
                                            {"WHY", "why", Show::blank}};
  static constexpr RecordRow k_head = records::head(
      "cdctl.candidate/1", "A proposal that the gate has looked at, with what was verified of it",
      k_columns, true);

  std::string verdict, why;
  std::vector<std::string> reviewers;
  std::string commit, tree, message;
  std::vector<std::string> conflicts;
  std::string command, log;
  std::optional<std::int64_t> exit_status;
  std::vector<std::string> isolation;
  bool remembered = false;
  std::optional<double> took_ms;
  std::string committer, by, seal;
  std::optional<Time> at;

  static constexpr auto rows() {
    constexpr auto own = std::tuple{
        required("verdict", &Candidate::verdict,
                 "one of ready merged waiting rejected verified deferred",
                 "ready, merged, waiting, rejected: of the gate; verified, rejected, waiting, "
                 "deferred: of verify"),
        optional("why", &Candidate::why, "text", "why it is waiting, rejected or deferred"),
        optional("reviewers", &Candidate::reviewers, "list of text", "whose Approve counted"),
        optional("commit", &Candidate::commit, "text", "the merge: what was tested, and lands"),
        optional("tree", &Candidate::tree, "text", "its tree"),
        optional("message", &Candidate::message, "text", "its message"),
        optional("conflicts", &Candidate::conflicts, "list of text", "files"),
        optional("command", &Candidate::command, "text", "what tested it"),
        optional("exit_status", &Candidate::exit_status, "integer", "of the command"),
        optional("log", &Candidate::log, "text", "the file with what the command said"),
        optional("isolation", &Candidate::isolation, "list of text",
                 "what the command was kept from: network, home, processes"),
        optional("remembered", &Candidate::remembered, "flag",
                 "the same tree was tested by the same command before"),
        optional("took_ms", &Candidate::took_ms, "number", "the command"),
        optional("committer", &Candidate::committer, "text", "of the merge"),
        optional("at", &Candidate::at, "time", "when it was merged"),
        optional("by", &Candidate::by, "text", "who verified it"),
        optional("seal", &Candidate::seal, "text",
                 "a keyed digest of what was verified: land takes no other word for it")};
    return std::tuple_cat(rows_of<Candidate>(), own);
  }
};

}  // namespace cdctl::records
