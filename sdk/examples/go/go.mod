module example.com/csv

go 1.19
