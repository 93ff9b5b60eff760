#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.receiver/1`: how far what is for a receiver of `notify` was sent.
struct Receiver {
  static constexpr ColumnRow k_columns[] = {{"RECEIVER", "receiver", Show::text, false, 16},
                                            {"WAITING", "waiting"},
                                            {"SENT", "sent"},
                                            {"REFUSED", "refused"},
                                            {"DROPPED", "dropped"},
                                            {"LAST SENT", "last_sent", Show::clock},
                                            {"WHY", "why", Show::blank}};
  static constexpr RecordRow k_head =
      head("cdctl.receiver/1", "How far what is for a receiver of notify was sent", k_columns);

  std::string receiver;
  std::int64_t waiting = 0, waiting_bytes = 0, sent = 0, refused = 0, dropped = 0, tries = 0;
  std::optional<Time> last_sent, not_before;
  std::string why;
  Time time;

  static constexpr auto rows() {
    return std::tuple{
        required("receiver", &Receiver::receiver, "text"),
        required("waiting", &Receiver::waiting, "integer >= 0", "records that are to be sent"),
        required("waiting_bytes", &Receiver::waiting_bytes, "integer >= 0"),
        required("sent", &Receiver::sent, "integer >= 0", "taken by it, since its outbox was made"),
        required("refused", &Receiver::refused, "integer >= 0",
                 "for good, and not replayed since: those of refused.ndjson"),
        required("dropped", &Receiver::dropped, "integer >= 0", "for want of room"),
        required("tries", &Receiver::tries, "integer >= 0",
                 "that failed since the last that worked"),
        optional("last_sent", &Receiver::last_sent, "time"),
        optional("not_before", &Receiver::not_before, "time", "of the next try"),
        optional("why", &Receiver::why, "text", "the last try failed"),
        required("time", &Receiver::time, "time")};
  }
};

}  // namespace cdctl::records
