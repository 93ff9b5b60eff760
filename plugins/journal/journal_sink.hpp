#pragma once

#include <string>
#include <vector>

#include <cdctl/delivery.hpp>
#include <cdctl/host.hpp>
#include <cdctl/notice.hpp>
#include <cdctl/roles/sink.hpp>

namespace cdctl::journal {

/// Writes to the journal of this machine by its own protocol: a line for people, and the members of
/// the record as fields that `journalctl` can be asked by. Each kind of notice has a MESSAGE_ID.
class JournalSink final : public Sink {
 public:
  explicit JournalSink(Host& host) : host_(host) {}

 protected:
  Result<ReceiverList> do_receivers() override;
  bool do_wants(const std::string& receiver, const Json& record) override;
  Result<PassAnswer> do_pass(const std::string& receiver, std::span<const Json> records,
                             const Deadline& deadline) override;

 private:
  Host& host_;
};

/// An entry as the journal's socket takes it (systemd's JOURNAL_NATIVE_PROTOCOL): a field a line,
/// or, where a value has a line break, its name, a length of 64 bits, and the value.
[[nodiscard]] std::string entry_of(const Notice& notice, const Json& record);

}  // namespace cdctl::journal
