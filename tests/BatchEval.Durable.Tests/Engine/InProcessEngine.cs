using BatchEval.Durable.Activities;
using BatchEval.Durable.Orchestration;
using BatchEval.Durable.Serialization;
using Microsoft.AspNetCore.Connections;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Testing;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace BatchEval.Durable.Tests.Engine;

/// <summary>The Durable engine in this process: the official worker and client over the official in-memory service.</summary>
internal sealed class InProcessEngine : IAsyncDisposable
{
    private readonly DurableTaskTestHost host;

    private InProcessEngine(DurableTaskTestHost host) => this.host = host;

    public DurableTaskClient Client => host.Client;

    public static async Task<InProcessEngine> StartAsync(SearchActivities activities, ActivityGates? gates = null)
    {
        var options = new DurableTaskTestHostOptions
        {
            LoggerFactory = NullLoggerFactory.Instance,
            ConfigureServices = services => services.PostConfigureAll<DurableTaskWorkerOptions>(worker => worker.DataConverter = DurableJson.Converter)
                .PostConfigureAll<DurableTaskClientOptions>(client => client.DataConverter = DurableJson.Converter),
        };
        // The host draws its port without asking whether it is free.
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return new InProcessEngine(await DurableTaskTestHost.StartAsync(Register, options));
            }
            catch (IOException e) when (e.InnerException is AddressInUseException && attempt < 5)
            {
            }
        }

        void Register(DurableTaskRegistry registry)
        {
            registry.AddOrchestrator(SearchOrchestration.Name, new SearchOrchestration());
            activities.Register(new Registrar(registry, gates ?? new ActivityGates()));
        }
    }

    /// <summary>Waits for an instance to end.</summary>
    public async Task<OrchestrationMetadata> EndOfAsync(string run)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        return await Client.WaitForInstanceCompletionAsync(SearchOrchestration.InstanceOf(run), getInputsAndOutputs: true, timeout.Token);
    }

    /// <summary>Where an instance stands, or null when the engine does not know it.</summary>
    public async Task<OrchestrationRuntimeStatus?> StatusAsync(string run) => (await Client.GetInstanceAsync(SearchOrchestration.InstanceOf(run)))?.RuntimeStatus;

    public ValueTask DisposeAsync() => host.DisposeAsync();

    private sealed class Registrar(DurableTaskRegistry registry, ActivityGates gates) : IActivityRegistrar
    {
        public void Add<TInput, TOutput>(string name, Func<TInput, CancellationToken, Task<TOutput>> activity) =>
            registry.AddActivityFunc<TInput, TOutput>(name, (_, input) => gates.PassAsync(name, input, () => activity(input, default)));
    }
}
