using System.Text.Json;
using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using BatchEval.Durable.Serialization;
using BatchEval.Functions;
using BatchEval.Functions.Http;
using BatchEval.Http;
using BatchEval.Workflow.Telemetry;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;

var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton(_ => WorkerSettings.Read(builder.Configuration));
builder.Services.AddSingleton<WorkerServices>();
builder.Services.AddBatchEvalHttp();
builder.Services.AddSingleton<EndpointPipeline>();
builder.Services.Configure<JsonSerializerOptions>(options => DurableJson.Configure(options));

var telemetry = builder.Services.AddOpenTelemetry();
telemetry.UseFunctionsWorkerDefaults()
    .WithMetrics(metrics => metrics.AddMeter(WorkflowTelemetry.Name))
    .WithTracing(traces => traces.AddSource(WorkflowTelemetry.Name));
if (builder.Configuration["APPLICATIONINSIGHTS_CONNECTION_STRING"] is { Length: > 0 })
{
    telemetry.UseAzureMonitorExporter(options => options.Credential = new DefaultAzureCredential());
}

builder.Build().Run();
