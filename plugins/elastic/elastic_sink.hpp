#pragma once

#include <string>
#include <vector>

#include <cdctl/delivery.hpp>
#include <cdctl/host.hpp>
#include <cdctl/roles/sink.hpp>

namespace cdctl::elastic {

/// Adds every record to a data stream of Elasticsearch or OpenSearch, as a document of the Elastic
/// Common Schema, so that Kibana's own columns show it.
class ElasticSink final : public Sink {
 public:
  explicit ElasticSink(Host& host) : host_(host) {}

 protected:
  Result<ReceiverList> do_receivers() override;
  bool do_wants(const std::string& receiver, const Json& record) override;
  Result<PassAnswer> do_pass(const std::string& receiver, std::span<const Json> records,
                             const Deadline& deadline) override;

 private:
  Host& host_;
};

/// What the server says of each item of a bulk request, in order: a 200 of the whole says nothing.
[[nodiscard]] Result<PassAnswer> read_bulk_answer(const std::string& body, std::size_t count);

}  // namespace cdctl::elastic
