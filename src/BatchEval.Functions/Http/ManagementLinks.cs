using Microsoft.Azure.Functions.Worker;

namespace BatchEval.Functions.Http;

/// <summary>The durable management addresses under the names that the documentation gives them. Serializing the payload itself would write PascalCase.</summary>
public static class ManagementLinks
{
    /// <summary>The addresses of a payload by name; those it lacks are left out.</summary>
    public static IReadOnlyDictionary<string, string> From(HttpManagementPayload payload)
    {
        (string Name, string? Address)[] all =
        [
            ("statusQueryGetUri", payload.StatusQueryGetUri), ("sendEventPostUri", payload.SendEventPostUri), ("terminatePostUri", payload.TerminatePostUri),
            ("purgeHistoryDeleteUri", payload.PurgeHistoryDeleteUri), ("restartPostUri", payload.RestartPostUri), ("rewindPostUri", payload.RewindPostUri),
            ("suspendPostUri", payload.SuspendPostUri), ("resumePostUri", payload.ResumePostUri),
        ];
        return all.Where(l => l.Address is not null).ToDictionary(l => l.Name, l => l.Address!, StringComparer.Ordinal);
    }
}
