document.getElementById("text").textContent = JSON.parse(document.getElementById("tape").textContent).title;
