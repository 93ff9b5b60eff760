#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.commit/1`: a line of `diff`.
struct CommitRecord {
  static constexpr const char* k_text =
      "only change!=changed&subject: {subject}\n"
      "only was&revision: {was} is {revision} now\n"
      "only was: {was}, and it is no source any more\n"
      "only revision: {revision}";
  static constexpr ColumnRow k_columns[] = {{"SOURCE", "source"},
                                            {"CHANGE", "change"},
                                            {"COMMIT", "short", Show::blank},
                                            {"AGE", "committed_at", Show::age},
                                            {"AUTHOR", "author", Show::brief},
                                            {"SUBJECT", "", Show::phrase, false, 0, k_text},
                                            {"REVISION", "revision", Show::blank, true}};
  static constexpr RecordRow k_head =
      head("cdctl.commit/1", "A commit that lies between two sets", k_columns);

  std::string service, from, to, source, kind, change, short_name, revision, was;
  std::optional<std::int64_t> number;
  std::string subject, author;
  std::optional<Time> committed_at;
  Time time;

  static constexpr auto rows() {
    return std::tuple{
        required("service", &CommitRecord::service, "service"),
        required("from", &CommitRecord::from, "set"),
        required("to", &CommitRecord::to, "set"),
        required("source", &CommitRecord::source, "text"),
        required("kind", &CommitRecord::kind, "text", "git, bzr, file"),
        required(
            "change", &CommitRecord::change, "one of added removed changed",
            "removed: `from` has it and `to` has not; changed: of a source without commits, or "
            "whose commits could not be read"),
        optional("short", &CommitRecord::short_name, "text", "what people call it"),
        optional("revision", &CommitRecord::revision, "text",
                 "commit id, revision-id or SHA-256; absent of a source that `to` does not have"),
        optional("was", &CommitRecord::was, "text", "of what has changed: the revision in `from`"),
        optional("number", &CommitRecord::number, "integer", "a revno"),
        optional("subject", &CommitRecord::subject, "text"),
        optional("author", &CommitRecord::author, "text"),
        optional("committed_at", &CommitRecord::committed_at, "time"),
        required("time", &CommitRecord::time, "time")};
  }
};

}  // namespace cdctl::records
