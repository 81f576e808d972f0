using BatchEval.Contracts;
using Microsoft.Azure.Functions.Worker.Http;
using Microsoft.DurableTask.Client;

namespace Microsoft.Azure.Functions.Worker;

public class HttpManagementPayload
{
    public string? Id { get; }

    public string? PurgeHistoryDeleteUri { get; }

    public string? RestartPostUri { get; }

    public string? ResumePostUri { get; }

    public string? RewindPostUri { get; }

    public string? SendEventPostUri { get; }

    public string? StatusQueryGetUri { get; }

    public string? SuspendPostUri { get; }

    public string? TerminatePostUri { get; }
}

public static class DurableTaskClientExtensions
{
    public static HttpManagementPayload CreateHttpManagementPayload(this DurableTaskClient client, string instanceId, HttpRequestData? request = null) =>
        throw ContractsOnly.Refusal();
}
